"""Settings of every dashboard: nothing can be overridden from the address bar, nothing is shown that helps an intruder."""

import os
from pathlib import Path

from tornado.web import HTTPError

MOST_KERNELS = 8
"""Pages open at a time; each is a process of some 150 MB."""


def refuse_when_full(request, **_notebook):
    """Answer 503 instead of starting one kernel too many."""
    if len(request.kernel_manager.list_kernel_ids()) >= MOST_KERNELS:
        raise HTTPError(503, "too many dashboards are open; close one and reload")


c = get_config()  # noqa: F821
c.Voila.ip = "127.0.0.1"
c.Voila.open_browser = False
c.Voila.port_retries = 0
c.Voila.token = Path(os.environ["WSS_TOKEN_FILE"]).read_text(encoding="ascii").strip()
c.VoilaConfiguration.template = "wss"
c.VoilaConfiguration.theme = "dark"
c.VoilaConfiguration.allow_template_override = "NO"
c.VoilaConfiguration.allow_theme_override = "NO"
c.VoilaConfiguration.strip_sources = True
c.VoilaConfiguration.show_tracebacks = False
c.VoilaConfiguration.file_allowlist = []
c.VoilaConfiguration.extension_allowlist = [
    "@jupyter-widgets/jupyterlab-manager",
    "@voila-dashboards/widgets-manager8",
    "anywidget",
]
c.VoilaConfiguration.prelaunch_hook = refuse_when_full
c.MappingKernelManager.cull_idle_timeout = 600
c.MappingKernelManager.cull_interval = 60
c.MappingKernelManager.cull_connected = False
