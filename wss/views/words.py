"""Every word that a figure, table or screen shows, in English and Portuguese."""

from typing import Literal

Language = Literal["en", "pt"]
LANGUAGES = ("en", "pt")
DAYS = {"en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), "pt": ("seg", "ter", "qua", "qui", "sex", "sáb", "dom")}

WORDS: dict[str, tuple[str, str]] = {
    # what is shown
    "demand": ("Demand", "Consumo"),
    "pump": ("Pump", "Bomba"),
    "pumps": ("Pumps", "Bombas"),
    "tank": ("Tank", "Reservatório"),
    "time": ("Time", "Hora"),
    "period": ("Tariff", "Tarifa"),
    "limits": ("limits", "limites"),
    "measured": ("measured", "medido"),
    "planned": ("planned", "planeado"),
    "forecast": ("forecast", "previsão"),
    "plan": ("plan", "plano"),
    "actual": ("actual", "real"),
    "baseline": ("level control", "controlo por nível"),
    "band": ("80 % band", "banda de 80 %"),
    "interval": ("{percent:.0f} % interval", "intervalo de {percent:.0f} %"),
    # tables of the notebooks
    "action": ("Action", "Ação"),
    "start": ("Start", "Ligar"),
    "stop": ("Stop", "Desligar"),
    "speed": ("Set to {speed:.0%}", "Regular a {speed:.0%}"),
    "why": ("Why", "Porquê"),
    "energy": ("Energy", "Energia"),
    "energy_cost": ("Energy cost", "Custo da energia"),
    "demand_charge": ("Demand charge", "Encargo de potência"),
    "total": ("Total", "Total"),
    "difference": ("Difference", "Diferença"),
    "lowest": ("Lowest", "Mínimo"),
    "highest": ("Highest", "Máximo"),
    "margin_low": ("Above lower limit", "Acima do limite inferior"),
    "margin_high": ("Below upper limit", "Abaixo do limite superior"),
    "when": ("at", "às"),
    "end": ("At the end", "No fim"),
    "kpi": ("Figure", "Indicador"),
    "item": ("Item", "Elemento"),
    "kpi_energy": ("Energy", "Energia"),
    "kpi_cost": ("Energy cost", "Custo da energia"),
    "kpi_specific_energy": ("Energy per volume", "Energia por volume"),
    "kpi_energy_share": ("Share of energy", "Parte da energia"),
    "kpi_starts": ("Pump starts", "Arranques"),
    "kpi_minutes_outside_limits": ("Minutes outside level limits", "Minutos fora dos limites de nível"),
    "source_plan": ("Plan", "Plano"),
    "source_actual": ("Actual", "Real"),
    "source_baseline": ("Level control", "Controlo por nível"),
    # quality of data and forecast
    "quality_title": ("Good readings by sensor and hour", "Leituras boas por sensor e hora"),
    "good": ("good", "boas"),
    "missing": ("missing", "em falta"),
    "lead": ("Lead time [h]", "Antecedência [h]"),
    "error": ("Absolute error [m³/h]", "Erro absoluto [m³/h]"),
    "naive": ("same hour last week", "mesma hora há uma semana"),
    # the operator's page
    "simulated": ("SIMULATED", "SIMULADO"),
    "now": ("NOW", "AGORA"),
    "data": ("Data", "Dados"),
    "forecast_age": ("Forecast", "Previsão"),
    "plan_age": ("Plan", "Plano"),
    "never": ("none", "nenhum"),
    "rung": ("How the plan was made", "Origem do plano"),
    "rung_proven": ("Optimal, proven", "Ótimo provado"),
    "rung_converged": ("Optimised, checked in EPANET", "Otimizado, verificado no EPANET"),
    "rung_limit": ("Improved until the limit, checked", "Melhorado até ao limite, verificado"),
    "rung_relaxed": ("A limit had to give way", "Um limite teve de ceder"),
    "rung_last_plan": ("Last plan kept", "Mantém-se o último plano"),
    "rung_level_control": ("Level control", "Controlo por nível"),
    "rung_none": ("No plan", "Sem plano"),
    "trouble": ("The newest planning run failed:", "O último planeamento falhou:"),
    "violations": ("The plan breaks {count} limit(s):", "O plano viola {count} limite(s):"),
    "next_actions": ("Next actions", "Próximas manobras"),
    "no_plan": ("No plan yet.", "Ainda não há plano."),
    "no_more_actions": ("Nothing to switch until the end of the plan.", "Nada a manobrar até ao fim do plano."),
    "card_start": ("Start {pump}", "Ligar {pump}"),
    "card_stop": ("Stop {pump}", "Desligar {pump}"),
    "card_speed": ("Set {pump} to {speed:.0%}", "Regular {pump} a {speed:.0%}"),
    "due_now": ("now", "agora"),
    "in_time": ("in {age}", "daqui a {age}"),
    "ready": ("Level at {hour:02d}:00 tomorrow ({day})", "Nível amanhã às {hour:02d}:00 ({day})"),
    "ready_today": ("Level at {hour:02d}:00 today ({day})", "Nível hoje às {hour:02d}:00 ({day})"),
    "no_plan_then": ("The plan does not reach that far.", "O plano não chega até lá."),
    "may_cross": ("may cross a limit", "pode passar um limite"),
    "ran": ("ran", "funcionou"),
    "will_run": ("will run", "vai funcionar"),
    "held": ("held by operator", "fixada pelo operador"),
    "dear_hours": ("dear energy", "energia cara"),
    "money": ("Energy cost", "Custo da energia"),
    "cost": ("Cost", "Custo"),
    "bill_spent": ("Spent today so far", "Gasto hoje até agora"),
    "bill_today": ("Rest of today", "Resto de hoje"),
    "bill_horizon": ("Next {hours} h", "Próximas {hours} h"),
    "bill_charge": ("Demand charge added", "Encargo de potência adicional"),
    "bill_yesterday": ("Yesterday, as run", "Ontem, realizado"),
    "honest": (
        "Level control: the network's own switching, same start, demand and tariff; what it leaves in the tanks is priced. "
        "In operation 4 to 12 % is usual.",
        "Controlo por nível: as manobras próprias da rede, com igual início, consumo e tarifa; a água que fica é contada. "
        "Na prática, 4 a 12 % é habitual."),
    "journal": ("Journal", "Registo"),
    "no_entries": ("No entries yet.", "Ainda sem registos."),
    "did_accept": ("accepted the plan", "aceitou o plano"),
    "did_override": ("override:", "fixou:"),
    "did_override_cancelled": ("cancelled an override", "cancelou uma fixação"),
    "held_on": ("held on", "ligada"),
    "held_off": ("held off", "desligada"),
    "until": ("until", "até"),
    "snapshot": ("Snapshot of the page at the time shown; the live page accepts and overrides.",
                 "Cópia da página à hora indicada; a página viva permite aceitar e fixar."),
    # prose of the notebooks
    "story_violations": ("It breaks {count} limit(s):", "Viola {count} limite(s):"),
    "story_holds": ("Every limit holds in the replay.", "Todos os limites são cumpridos na simulação."),
    "story_cost": (
        "Energy over the horizon costs **{plan_cost:,.0f} {currency}** ({energy_kwh:,.0f} kWh). Level control would cost "
        "**{baseline_cost:,.0f} {currency}** on equal terms: a saving of **{saving_percent:.1f} %**.",
        "A energia no horizonte custa **{plan_cost:,.0f} {currency}** ({energy_kwh:,.0f} kWh). O controlo por nível custaria "
        "**{baseline_cost:,.0f} {currency}** em condições iguais: uma poupança de **{saving_percent:.1f} %**."),
    "story_levels": ("The newest tank level was {age:.0f} min old.", "O nível mais recente tinha {age:.0f} min."),
    # deciding
    "decide": ("Decide", "Decidir"),
    "who": ("Your name", "O seu nome"),
    "accept": ("Accept plan", "Aceitar plano"),
    "not_accepted": ("Plan of {time}: nobody has accepted it yet.", "Plano de {time}: ainda ninguém o aceitou."),
    "released": ("Plan of {time}: released automatically.", "Plano de {time}: enviado automaticamente."),
    "accepted": ("Plan of {time}: accepted by {who}.", "Plano de {time}: aceite por {who}."),
    "hold": ("Hold a pump (override)", "Fixar uma bomba"),
    "hold_on": ("on", "ligada"),
    "hold_off": ("off", "desligada"),
    "from": ("from", "das"),
    "reason": ("Reason", "Motivo"),
    "preview": ("Show its cost", "Ver o custo"),
    "confirm": ("Confirm and re-plan", "Confirmar e replanear"),
    "cancel": ("Cancel", "Cancelar"),
    "computing": ("Computing the plan with this override …", "A calcular o plano com esta fixação …"),
    "replanning": ("Re-planning …", "A replanear …"),
    "replanned": ("Re-planned.", "Replaneado."),
    "next_cycle": ("Written; the next cycle obeys it.", "Registado; o próximo ciclo cumpre-o."),
    "costs_more": (
        "This override costs {amount} {currency} more over {hours} h.",
        "Esta fixação custa mais {amount} {currency} em {hours} h."),
    "costs_less": (
        "This override costs {amount} {currency} less over {hours} h.",
        "Esta fixação custa menos {amount} {currency} em {hours} h."),
    "costs_same": ("This override costs nothing extra.", "Esta fixação não custa mais."),
    "breaks": ("It breaks: {what}", "Viola: {what}"),
    "breaks_nothing": ("All limits hold.", "Todos os limites são cumpridos."),
    "preview_first": ("Show the cost first; what you confirm must be what you saw.",
                      "Veja primeiro o custo; só se confirma o que se viu."),
    "nothing_to_accept": (
        "There is no plan to accept, or it was accepted already.",
        "Não há plano para aceitar, ou já foi aceite."),
    "lost": (
        "CONNECTION LOST: what you see is old. Reload the page.",
        "LIGAÇÃO PERDIDA: o que vê está desatualizado. Recarregue a página."),
    "not_fresh": ("What you see may be old:", "O que vê pode estar desatualizado:"),
    "plan_changed": ("A newer plan has come; look at it first.", "Chegou um plano mais recente; veja-o primeiro."),
    "failed": ("That failed: {error}", "Falhou: {error}"),
    # what if
    "whatif_out": ("Out of service", "Fora de serviço"),
    "whatif_demand": ("Demand", "Consumo"),
    "whatif_price": ("Price in {period}", "Preço em {period}"),
    "whatif_compute": ("Compute", "Calcular"),
    "whatif_computing": ("Computing both plans …", "A calcular os dois planos …"),
    "whatif_hint": ("Choose what changes, then compute: the plan as it stands beside the plan with the changes.",
                    "Escolha o que muda e calcule: o plano atual ao lado do plano com as mudanças."),
    "plan_as_is": ("plan as it stands", "plano atual"),
    "plan_if": ("with the changes", "com as mudanças"),
    "starts": ("Pump starts", "Arranques"),
    "broken": ("Limits broken", "Limites violados"),
}


def say(key: str, language: Language = "en", **values) -> str:
    """Words of `key` in a language, with `values` filled in."""
    return WORDS[key][LANGUAGES.index(language)].format(**values)


def number(value: float, form: str, language: Language = "en") -> str:
    """A number in a Python format such as `,.1f`, with the decimal mark and the thousands of the language, and a true minus."""
    text = format(value, form).replace("-", "−")
    return text if language == "en" else text.translate(str.maketrans(",.", "\u202f,"))
