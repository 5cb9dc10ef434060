"""Words about facts: what is wrong with a plan and why it is no better, `fault_` and the kind; joined to `words`."""

FACT_WORDS: dict[str, tuple[str, str]] = {
    "fault_band_below": (
        "{start} to {end}: {element} is up to {amount} m below {bound} m",
        "{start} a {end}: {element} fica até {amount} m abaixo de {bound} m",
    ),
    "fault_band_above": (
        "{start} to {end}: {element} is up to {amount} m above {bound} m",
        "{start} a {end}: {element} fica até {amount} m acima de {bound} m",
    ),
    "fault_end_short": (
        "{start}: {element} ends at {value} m, {amount} m below {bound} m",
        "{start}: {element} termina em {value} m, {amount} m abaixo de {bound} m",
    ),
    "fault_shut": (
        "{start}: {element} is empty or full and EPANET shuts its pipe, for {amount} min in all",
        "{start}: {element} está vazio ou cheio e o EPANET fecha a conduta, {amount} min no total",
    ),
    "fault_clamped": (
        "{start}: {element} stands at its limit of {bound} m",
        "{start}: {element} está no seu limite de {bound} m",
    ),
    "fault_cut_off": (
        "{start}: {element} is cut off from all water and its pressure is below {bound} m",
        "{start}: {element} fica sem qualquer água e a pressão abaixo de {bound} m",
    ),
    "fault_pressure": (
        "{start}: pressure at {element} is {value} m, below {bound} m",
        "{start}: a pressão em {element} é de {value} m, abaixo de {bound} m",
    ),
    "fault_cut_node": ("{element} is cut off at {start}", "{element} fica isolado ({start})"),
    "fault_lowest": ("lowest is {value} m at {element}, {start}", "o mínimo é {value} m em {element}, {start}"),
    "warning_1": ("the state does not balance", "o estado não converge"),
    "warning_2": ("the state may be unstable", "o estado pode ser instável"),
    "warning_3": ("demand is cut off from every source", "há consumo isolado de todas as origens"),
    "warning_4": ("a pump works beyond its curve", "uma bomba funciona fora da sua curva"),
    "warning_5": ("a valve cannot deliver enough flow", "uma válvula não dá caudal suficiente"),
    "warning_6": ("pressure is negative where water is drawn", "há pressão negativa onde se consome água"),
    "fault_warned": ("{start}: EPANET warns, {amount} times: {warning}", "{start}: o EPANET avisa, {amount} vezes: {warning}"),
    "fault_beyond": ("first it is {element}", "primeiro é {element}"),
    "fault_starts": (
        "{element} starts {amount} times, {bound} are allowed",
        "{element} arranca {amount} vezes; permitem-se {bound}",
    ),
    "fault_off_held": (
        "{start}: {element} is off although an operator holds it on",
        "{start}: {element} está desligada, mas um operador fixou-a ligada",
    ),
    "fault_on_held": (
        "{start}: {element} is on although an operator holds it off",
        "{start}: {element} está ligada, mas um operador fixou-a desligada",
    ),
    "fault_runs_out": (
        "{start}: {element} runs although it is out of service",
        "{start}: {element} funciona, mas está fora de serviço",
    ),
    "fault_cannot_above": (
        "from {start} on {element} cannot stay above {bound} m whatever the pumps do: {amount} m short",
        "a partir de {start} {element} não se mantém acima de {bound} m com nenhum plano: faltam {amount} m",
    ),
    "fault_cannot_below": (
        "from {start} on {element} cannot stay below {bound} m whatever the pumps do: {amount} m too much",
        "a partir de {start} {element} não se mantém abaixo de {bound} m com nenhum plano: sobram {amount} m",
    ),
    "fault_proven": ("no plan can cost less than {amount} {text}", "nenhum plano pode custar menos de {amount} {text}"),
    "fault_no_better": ("no small change makes it cheaper", "nenhuma pequena mudança o torna mais barato"),
    "fault_budget": ("good, but perhaps not yet the cheapest", "bom, mas talvez ainda não o mais barato"),
    "fault_no_levels": (
        "no tank level is known for the last {amount} min",
        "não se conhece nenhum nível nos últimos {amount} min",
    ),
    "fault_old_levels": (
        "the newest tank levels are {amount} min old, more than {bound} min",
        "os níveis mais recentes têm {amount} min, mais de {bound} min",
    ),
    "fault_not_carried": (
        "the levels of {start} could not be carried on to now: {text}",
        "não foi possível simular os níveis de {start} até agora: {text}",
    ),
    "fault_no_solver": ("the solver HiGHS is missing; install it with: {text}", "falta o programa HiGHS; instale-o com: {text}"),
    "fault_solver_failed": ("the solver HiGHS failed: {text}", "o programa HiGHS falhou: {text}"),
    "fault_solver_stopped": ("the solver HiGHS stopped without a result: {text}", "o programa HiGHS parou sem resultado: {text}"),
    "fault_no_controls": (
        "EPANET cannot run the network's own controls either",
        "o EPANET também não simula o controlo próprio da rede",
    ),
    "fault_kept": (
        "a notebook failed; the plan of {start} stays in force",
        "um notebook falhou; o plano de {start} continua em vigor",
    ),
    "fault_never": ("no plan was ever published", "nunca foi publicado um plano"),
    "fault_off_grid": (
        "{start}: a setting is not on the plan's decision grid",
        "{start}: uma manobra não está na grelha de decisão do plano",
    ),
    "fault_speed": (
        "{start}: {element} is set to speed {value}, which it cannot run at",
        "{start}: {element} está regulada para a velocidade {value}, que não pode ter",
    ),
    "fault_unknown_pump": ("the network has no pump {element}", "a rede não tem a bomba {element}"),
    "fault_spills": (
        "{start}: full tanks spill from here on, says EPANET: {text}",
        "{start}: a partir daqui transbordam, segundo o EPANET, os reservatórios cheios: {text}",
    ),
    "fault_not_run": ("EPANET cannot run the plan: {text}", "o EPANET não consegue simular o plano: {text}"),
    "fault_cannot_end": (
        "{element} cannot end at {bound} m whatever the pumps do: {amount} m short",
        "{element} não termina em {bound} m com nenhum plano: faltam {amount} m",
    ),
    "fault_none_holds": (
        "it is proven that no plan keeps every limit",
        "está provado que nenhum plano cumpre todos os limites",
    ),
    "fault_no_numbers": (
        "the solver HiGHS returned values that are no numbers",
        "o programa HiGHS devolveu valores que não são números",
    ),
    "fault_rung_failed": ("{element}: {text}", "{element}: {text}"),
    "fault_not_published": (
        "not published, because the plan of {start} is in force",
        "não publicado, porque está em vigor o plano de {start}",
    ),
    "fault_said": ("{text}", "{text}"),
}
