"""Filters of the audit trail over ten million entries beside the same over ten thousand."""

import random
from collections.abc import Iterator
from datetime import timedelta

from bench import data
from bench.data import Table, Trail
from bench.effort import Effort
from bench.figures import Figure
from bench.parts.lists import Ask, Lists, compare, deep, first

_PATH = "/api/v1/audit"
_FREQUENT = 20
"""Any of so many actors or actions that are most frequent."""


def measure(effort: Effort) -> Iterator[Figure]:
    """Compare the sizes on SQLite and on PostgreSQL."""
    small, large = map(Trail, effort.entries)
    yield from compare("trail", "trail", small, large, _LISTS, effort)


def _always(**given: object) -> Ask:
    def ask(_chance: random.Random, _table: Table) -> dict[str, object]:
        return given

    return ask


def _both(*asks: Ask) -> Ask:
    def ask(chance: random.Random, table: Table) -> dict[str, object]:
        return {name: value for each in asks for name, value in each(chance, table).items()}

    return ask


def _actor(chance: random.Random, _table: Table) -> dict[str, object]:
    return {"actor_id": data.actor_id(chance.randrange(_FREQUENT))}


def _target(chance: random.Random, table: Table) -> dict[str, object]:
    target = chance.randrange(table.rows // data.RARE)
    return {"target_type": "user", "target_id": data.target_id(target)}


def _target_id(chance: random.Random, table: Table) -> dict[str, object]:
    return {"target_id": _target(chance, table)["target_id"]}


def _request(chance: random.Random, table: Table) -> dict[str, object]:
    return {"request_id": f"{chance.randrange(table.rows):032x}"}


def _action(chance: random.Random, _table: Table) -> dict[str, object]:
    return {"action": chance.choice(data.ACTIONS[:_FREQUENT])}


def _actions(chance: random.Random, _table: Table) -> dict[str, object]:
    return {"action": ",".join(chance.sample(data.ACTIONS, 5))}


def _since(chance: random.Random, table: Table) -> dict[str, object]:
    return {"since": table.at(chance.randrange(table.rows // 2)).isoformat()}


def _until(chance: random.Random, table: Table) -> dict[str, object]:
    return {"until": table.at(chance.randrange(table.rows // 2, table.rows)).isoformat()}


def _day(chance: random.Random, table: Table) -> dict[str, object]:
    since = table.at(chance.randrange(table.rows * 9 // 10))
    return {"since": since.isoformat(), "until": (since + timedelta(days=5)).isoformat()}


def _text_of_target(chance: random.Random, table: Table) -> dict[str, object]:
    # No other number begins with one of these.
    targets = table.rows // data.RARE
    return {"text": f"user{chance.randrange(targets // 2, targets)}@example.com"}


def _text_of_actor(chance: random.Random, _table: Table) -> dict[str, object]:
    return {"text": data.last_name(chance.randrange(_FREQUENT))}


def _text_of_rare_actor(_chance: random.Random, _table: Table) -> dict[str, object]:
    return {"text": f"actor{data.RARE_ACTOR}"}


_OLDEST = _always(sort="at")
_DENIED = _always(outcome="denied")
_USERS = _always(module="users")
_ACCESS = _always(access_only="true")

_ASKS: tuple[tuple[str, Ask], ...] = (
    ("first page", first),
    ("first page, oldest first", _OLDEST),
    ("deep page", deep("-at")),
    ("frequent actor", _actor),
    ("rare actor", _always(actor_id=data.actor_id(data.RARE_ACTOR))),
    ("one target", _target),
    ("one target by its id alone", _target_id),
    ("frequent target", _always(target_type="role", target_id=data.FREQUENT_TARGET)),
    ("frequent kind of target", _always(target_type="user")),
    ("rare kind of target", _always(target_type=data.RARE_TYPE)),
    ("one request", _request),
    ("frequent action", _action),
    ("rare action", _always(action=data.RARE_ACTION)),
    ("five actions", _actions),
    ("denied", _DENIED),
    ("failed, which is rare", _always(outcome="failed")),
    ("module", _USERS),
    ("module, deep page", _both(_USERS, deep("-at"))),
    ("only changes of access", _ACCESS),
    ("from a moment on", _since),
    ("from a moment on, oldest first", _both(_since, _OLDEST)),
    ("before a moment", _until),
    ("five days", _day),
    ("text: an address", _text_of_target),
    ("text: a last name", _text_of_actor),
    ("text: somebody who rarely acts", _text_of_rare_actor),
    ("frequent actor, denied", _both(_actor, _DENIED)),
    ("frequent action, denied", _both(_action, _DENIED)),
    ("frequent actor and module", _both(_actor, _USERS)),
    ("changes of access, before a moment", _both(_ACCESS, _until)),
    ("text and module", _both(_text_of_actor, _USERS)),
)
_LISTS: Lists = tuple((title, _PATH, ask) for title, ask in _ASKS)
