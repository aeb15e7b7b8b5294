"""Who hears that the région of a body was corrected. `csirts`, which is above this application and knows the centres,
registers at its start the function that tells them.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from collectivities.models import Collectivity

# It gets the body, before its région is corrected, and the account of whoever corrects it, or None for a command of
# the server. The block that it opens corrects the région, in the database and of this object.
type RegionWatcher = Callable[[Collectivity, Any], AbstractContextManager[None]]

_watchers: list[RegionWatcher] = []


def register_region_watcher(watch: RegionWatcher) -> None:
    """Set the function that `watch_region` calls."""
    _watchers[:] = [watch]


def watch_region(body: Collectivity, by: Any) -> AbstractContextManager[None]:
    """Open a transaction in which the région of this body is corrected, and at the end of which it is reported."""
    (watch,) = _watchers
    return watch(body, by)
