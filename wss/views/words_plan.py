"""Words about a plan: why each switch is made, what moving it would cost, and what a new plan changes; joined to `words`."""

PLAN_WORDS: dict[str, tuple[str, str]] = {
    # why a pump is switched
    "why_held": ("held by the operator until {until}", "fixada pelo operador até {until}"),
    "why_out": ("the pump is out of service", "a bomba está fora de serviço"),
    "why_cheap": (
        "{period} begins at {at}: energy costs {price} {currency}/kWh",
        "{period} começa às {at}: a energia custa {price} {currency}/kWh",
    ),
    "why_dear": (
        "{period} begins at {at}: energy will cost {price} {currency}/kWh",
        "{period} começa às {at}: a energia custará {price} {currency}/kWh",
    ),
    "why_else": ("otherwise {limit}", "caso contrário, {limit}"),
    "why_store": ("stores water before {period} begins at {at}", "armazena água antes de {period}, que começa às {at}"),
    "why_needed": ("the tanks need water in this period", "os reservatórios precisam de água neste período"),
    "why_enough": ("enough water until the next start at {at}", "há água suficiente até ao próximo arranque, às {at}"),
    "why_last": ("enough water until the end of the plan", "há água suficiente até ao fim do plano"),
    # which limit is in the way of a change
    "limit_low": (
        "{item} would fall {amount} m below {bound} m at {at}",
        "{item} desceria {amount} m abaixo de {bound} m às {at}",
    ),
    "limit_high": (
        "{item} would rise {amount} m above {bound} m at {at}",
        "{item} subiria {amount} m acima de {bound} m às {at}",
    ),
    "limit_empty": ("{item} would run empty at {at}", "{item} ficaria vazio às {at}"),
    "limit_full": ("{item} would be full at {at}", "{item} ficaria cheio às {at}"),
    "limit_pressure": (
        "pressure at {item} would be {amount} m below {bound} m at {at}",
        "a pressão em {item} ficaria {amount} m abaixo de {bound} m às {at}",
    ),
    "limit_warning": ("EPANET would warn of the network's state at {at}", "o EPANET avisaria sobre o estado da rede às {at}"),
    "limit_fails": ("EPANET cannot compute it", "o EPANET não o consegue calcular"),
    "limit_starts": (
        "{item} would start {amount} times, {bound} are allowed",
        "{item} arrancaria {amount} vezes; permitem-se {bound}",
    ),
    "limit_held": ("the operator holds {item}", "o operador fixou {item}"),
    "limit_out": ("{item} is out of service", "{item} está fora de serviço"),
    # moving a switch
    "move_earlier": ("{minutes} min earlier {what}", "{minutes} min mais cedo {what}"),
    "move_later": ("{minutes} min later {what}", "{minutes} min mais tarde {what}"),
    "move_more": ("costs {amount} {currency} more", "custa mais {amount} {currency}"),
    "move_same": ("costs no more", "não custa mais"),
    "move_saves": ("would save {amount} {currency}", "pouparia {amount} {currency}"),
    "move_not": ("is not possible: {limit}", "não é possível: {limit}"),
    "move_barred": ("is not possible", "não é possível"),
    "move_short": (" and leaves {tank} {amount} m short at the end", " e deixa {tank} {amount} m abaixo do nível final"),
    "move_room": (" and leaves {tank} {amount} m less room", " e deixa a {tank} menos {amount} m de folga"),
    "move_departs": (" but departs from the plan in force", " mas afasta-se do plano em vigor"),
    "if_moved": ("If it were moved", "Se fosse mudada"),
    "moved": ("Moved", "Mudança"),
    "min_earlier": ("{minutes} min earlier", "{minutes} min mais cedo"),
    "min_later": ("{minutes} min later", "{minutes} min mais tarde"),
    "energy_more": ("Energy", "Energia"),
    "charge_more": ("Charge and starts", "Potência e arranques"),
    "water_left": ("Water left at the end", "Água deixada no fim"),
    "water_worth": ("Less its value", "Menos o seu valor"),
    "cost_more": ("In all", "No total"),
    "in_the_way": ("In the way", "O que o impede"),
    "all_switches": ("Every switch and why ({count})", "Todas as manobras e porquê ({count})"),
    "switch_start": ("{pump} starts", "{pump} liga"),
    "switch_stop": ("{pump} stops", "{pump} desliga"),
    "switch_speed": ("{pump} goes to {speed:.0%}", "{pump} passa a {speed:.0%}"),
    "risks_more": ("and {count} more", "e mais {count}"),
    # what a plan changes
    "change_first": ("No plan was in force before.", "Não havia plano em vigor."),
    "change_none": ("Unchanged since the plan of {time}.", "Sem alterações desde o plano de {time}."),
    "change_one": (
        "{count} switch changed since the plan of {time}: {what}.",
        "{count} manobra alterada desde o plano de {time}: {what}.",
    ),
    "change_some": (
        "{count} switches changed since the plan of {time}: {what}.",
        "{count} manobras alteradas desde o plano de {time}: {what}.",
    ),
    "change_saves": ("saves {amount} {currency}", "poupa {amount} {currency}"),
    "change_same": ("costs the same", "custa o mesmo"),
    "change_more": ("costs {amount} {currency} more", "custa mais {amount} {currency}"),
    "change_room": (" and leaves {tank} {amount} m more room", " e deixa a {tank} mais {amount} m de folga"),
    "change_must": ("without that, {limit}", "sem isso, {limit}"),
    # what a plan on a lower rung means for the operator
    "note_relaxed": (
        "No plan holds every limit; this one comes nearest. Watch what is named below.",
        "Nenhum plano cumpre todos os limites; este é o que mais se aproxima. Vigie o que se indica abaixo.",
    ),
    "note_last_plan": (
        "No new plan could be made; the plan before goes on and does not know what has happened since.",
        "Não foi possível fazer um plano novo; o anterior continua e não conhece o que aconteceu depois.",
    ),
    "note_level_control": (
        "No plan could be made; shown is what the network's own level control will do.",
        "Não foi possível fazer um plano; mostra-se o que fará o controlo por nível da própria rede.",
    ),
    "note_none": (
        "There is no plan to follow: run the pumps by the levels of the tanks.",
        "Não há plano a seguir: opere as bombas pelos níveis dos reservatórios.",
    ),
}
