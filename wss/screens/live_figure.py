"""A Plotly figure in a browser that always shows the newest state, in place, with nothing loaded from anywhere else."""

import anywidget
import plotly.graph_objects as go
import traitlets
from plotly.offline import get_plotlyjs

RENDER = """
export default {
  render({ model, el }) {
    const plot = el.appendChild(document.createElement("div"));
    const lost = el.appendChild(document.createElement("div"));
    lost.className = "lost";
    lost.hidden = true;
    lost.textContent = model.get("lost_words");
    const draw = () => {
      const figure = JSON.parse(model.get("figure"));
      window.Plotly.react(plot, figure.data, figure.layout, { displayModeBar: false });
    };
    draw();
    let heard = Date.now();
    const hear = () => { heard = Date.now(); };
    model.on("change:figure", draw);
    model.on("change:beat", hear);
    const watch = setInterval(() => { lost.hidden = Date.now() - heard < 1000 * model.get("patience_s"); }, 1000);
    const sized = new ResizeObserver(() => window.Plotly.Plots.resize(plot));
    sized.observe(plot);
    return () => { model.off("change:figure", draw); model.off("change:beat", hear); clearInterval(watch); sized.disconnect(); };
  },
};
"""


class LiveFigure(anywidget.AnyWidget):
    """Shows a figure whole from its JSON, and warns where nothing is heard from the kernel any more.

    A browser that connects late or misses a change still shows what is true. (Plotly's own FigureWidget sends differences: it
    loses those from before the browser was there, and its axes broke when only some of their properties changed.)
    """

    _esm = get_plotlyjs() + RENDER
    figure = traitlets.Unicode("{}").tag(sync=True)
    """The figure as JSON."""
    beat = traitlets.Int(0).tag(sync=True)
    """Counts how often the figure was confirmed: a page that looks alive and is not would mislead."""
    patience_s = traitlets.Float(90.0).tag(sync=True)
    """How long the browser waits for the next beat before it warns [s]."""
    lost_words = traitlets.Unicode("").tag(sync=True)
    """The warning."""

    def show(self, figure: go.Figure) -> None:
        """Show `figure`, or confirm that it is still what is true."""
        self.figure = figure.to_json()
        self.beat += 1
