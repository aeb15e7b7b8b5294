"""The five screens of the declaration, with their order, URL names and inputs."""

from typing import NamedTuple

from django.http import QueryDict

from incidents.declare.forms import DetailsForm, ServiceForm
from incidents.devices.inputs import BODY, TYPE
from incidents.enums import PublicService, Screen
from incidents.facts.shapes import LEAK_INPUTS

SCREEN_ORDER = tuple(Screen)
ROUTES = {
    Screen.WHAT: "declare_type",
    Screen.WHO: "declare_who",
    Screen.SERVICES: "declare_services",
    Screen.DATA: "declare_data",
    Screen.CALLER: "declare_caller",
}
DATA_INPUTS = frozenset(
    {
        *("data_concerned", *(name for name in LEAK_INPUTS.values() if name in DetailsForm.base_fields)),
        *(f"breach_known_{part}" for part in ("date", "time", "certainty")),
    }
)
SERVICE_INPUTS = frozenset(
    {
        *("service_stopped", "service"),
        *(f"{service.value}-{name}" for service in PublicService for name in ServiceForm.base_fields),
    }
)
INPUTS_BY_SCREEN: dict[Screen, frozenset[str]] = {
    Screen.WHAT: frozenset({TYPE}),
    Screen.WHO: frozenset({BODY}),
    Screen.SERVICES: SERVICE_INPUTS,
    Screen.DATA: DATA_INPUTS,
    Screen.CALLER: frozenset({*DetailsForm.base_fields, "__all__"}) - DATA_INPUTS - SERVICE_INPUTS,
}


SCREENS_OF_QUESTIONS = {screen.value: screen for screen in (Screen.SERVICES, Screen.DATA, Screen.CALLER)}


class ScreenPosition(NamedTuple):
    """The position of a screen in the declaration, with its URL name and label."""

    screen: Screen
    number: int
    route: str
    label: str


SCREEN_POSITIONS = {
    screen: ScreenPosition(screen, number, ROUTES[screen], screen.label)
    for number, screen in enumerate(SCREEN_ORDER, start=1)
}
SCREEN_COUNT = len(SCREEN_ORDER)


def read_screen_values(screen: Screen, data: QueryDict) -> dict[str, list[str]]:
    """Return the values that were typed in the inputs of this screen, unchanged. Empty inputs are left out."""
    inputs = {
        name: [value for value in data.getlist(name) if value] for name in data if name in INPUTS_BY_SCREEN[screen]
    }
    return {name: values for name, values in sorted(inputs.items()) if values}


def list_earlier_positions(screen: Screen) -> tuple[ScreenPosition, ...]:
    """Return the positions of the screens before this one, in their order."""
    return tuple(SCREEN_POSITIONS[earlier] for earlier in SCREEN_ORDER[: SCREEN_ORDER.index(screen)])


def get_next_screen(screen: Screen) -> Screen:
    """Return the screen after this one, or the last screen itself."""
    return SCREEN_ORDER[min(SCREEN_ORDER.index(screen) + 1, SCREEN_COUNT - 1)]
