"""A company's worth of made-up people and what they did in the last month, the same every time.

Made by the API as everything else is; then moved back in time, because nobody waits a month for a
picture.
"""

import random
import unicodedata
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import create_engine, select, update

from app.core.audit import AuditEntry
from app.core.ids import first_id_at
from app.features.users.models import User

PASSWORD = "a long sentence for demonstrations"  # noqa: S105 - of people who do not exist
DOMAIN = "northwind.example"
DAYS = 30

PEOPLE = (
    "Farid Rahimi",
    "Eilidh Fraser",
    "Lars Mikkelsen",
    "Ines Marques",
    "Sofia Papadopoulou",
    "Fatima Zahra Idrissi",
    "Caoimhe Byrne",
    "Hana Nováková",
    "Beatriz Carvalho",
    "Mohammed Al-Rashid",
    "Amara Diallo",
    "Benjamin Stein",
    "Alejandro Ruiz",
    "Noah Becker",
    "Haruto Tanaka",
    "Charles Whitfield",
    "Jakub Zieliński",
    "Katarina Horvat",
    "Esra Demir",
    "Daan Visser",
    "Maya Krishnan",
    "Emeka Nwosu",
    "Zoë Janssens",
    "Tariq Aziz",
    "Jasmine Wong",
    "Ingrid Solberg",
    "Priya Raman",
    "Aino Virtanen",
    "Elena Petrova",
    "Lucía Fernández",
    "Anton Bergström",
    "Oluwaseun Adeyemi",
    "Niamh Walsh",
    "Freya Lindqvist",
    "Joaquín Herrera",
    "Paolo Ricci",
    "Mei-Ling Chen",
    "Camille Laurent",
    "Gabriela Santos",
    "Maximilian von Hohenberg-Lichtenstein",
    "Mikael Johansson",
    "Theo Martin",
    "Nadia Ivanova",
    "Chiara Bianchi",
    "Dalia Haddad",
    "Kaito Mori",
    "Dmytro Shevchenko",
    "Rafael Costa",
    "Ada Okafor",
    "Saoirse Kelly",
    "Anneke de Vries",
    "Yuki Sato",
    "Leila Farahani",
    "Isabella Conti",
    "Laila Nasser",
    "Felix Wagner",
    "Björn Halvorsen",
    "Jonas Meyer",
    "Kwame Mensah",
    "Daniel Kowalski",
)
ADMINISTRATORS = ("Ada Okafor", "Jonas Meyer", "Priya Raman")
GUESTS = ("Charles Whitfield", "Farid Rahimi", "Ines Marques", "Theo Martin", "Yuki Sato")
SUSPENDED = ("Daan Visser", "Laila Nasser", "Paolo Ricci")
UNVERIFIED = ("Zoë Janssens", "Kaito Mori", "Emeka Nwosu")


def fill(address: str, database_url: str, *, email: str, password: str) -> None:
    """Make the people, let them sign in, fail, change each other, and spread it over the month.

    Args:
        address: A running server with an empty database.
        database_url: That database, on SQLite.
        email: The administrator's address.
        password: The administrator's password.
    """
    chance = random.Random(1815)  # noqa: S311 - for variety, not for safety
    with httpx.Client(base_url=address, timeout=30) as client:
        sign_in = {"email": email, "password": password}
        token = client.post("/api/v1/auth/login", json=sign_in).raise_for_status().json()
        client.headers["Authorization"] = f"Bearer {token['access_token']}"
        me = client.get("/api/v1/auth/me").json()["id"]
        client.patch(f"/api/v1/users/{me}", json={"display_name": "Anna Berg"}).raise_for_status()
        people = {name: _make(client, name) for name in PEOPLE}
        _choose_passwords(database_url)
        _live(client, people, chance, origin=address)
    _spread(database_url, chance)


def address_of(name: str) -> str:
    """`zoe.janssens@northwind.example` for Zoë Janssens."""
    plain = unicodedata.normalize("NFKD", name.replace("ł", "l"))
    plain = plain.encode("ascii", "ignore").decode().lower()
    first, _, last = plain.partition(" ")
    return f"{first}.{last.replace(' ', '')}@{DOMAIN}"


def _make(client: httpx.Client, name: str) -> str:
    roles = ["admin"] if name in ADMINISTRATORS else ["guest"] if name in GUESTS else ["user"]
    new = {
        "email": address_of(name),
        "display_name": name,
        "password": PASSWORD,
        "roles": roles,
        "verified": name not in UNVERIFIED,
    }
    made = client.post("/api/v1/users", json=new).raise_for_status().json()
    return str(made["id"])


def _live(
    client: httpx.Client, people: dict[str, str], chance: random.Random, *, origin: str
) -> None:
    for _ in range(140):
        name = chance.choice([n for n in PEOPLE if n not in SUSPENDED and n not in UNVERIFIED])
        wrong = chance.random() < 0.06  # noqa: PLR2004 - a typing error now and then
        form = {"email": address_of(name), "password": "a typing error" if wrong else PASSWORD}
        client.post("/session/sign-in", data=form, headers={"Origin": origin})
    for name in SUSPENDED:
        client.post(f"/api/v1/users/{people[name]}/suspend").raise_for_status()
    changes: list[tuple[str, dict[str, Any]]] = [
        ("Elena Petrova", {"display_name": "Elena Petrova-Lang"}),
        ("Maya Krishnan", {"display_name": "Dr. Maya Krishnan"}),
    ]
    for name, change in changes:
        client.patch(f"/api/v1/users/{people[name]}", json=change).raise_for_status()
    addresses: list[tuple[str, dict[str, Any]]] = [
        ("Noah Becker", {"email": f"noah.becker-stein@{DOMAIN}"}),
        ("Maya Krishnan", {"email": address_of("Maya Krishnan"), "verified": False}),
        ("Maya Krishnan", {"email": address_of("Maya Krishnan"), "verified": True}),
    ]
    for name, change in addresses:
        client.post(f"/api/v1/users/{people[name]}/email", json=change).raise_for_status()
    roles = {"Maya Krishnan": ["admin", "user"], "Felix Wagner": ["user", "guest"]}
    for name, given in roles.items():
        path = f"/api/v1/users/{people[name]}/roles"
        client.post(path, json={"roles": given}).raise_for_status()
    # Somebody tries what is not theirs to do.
    guest = {"email": address_of(GUESTS[0]), "password": PASSWORD}
    token = client.post("/api/v1/auth/login", json=guest).raise_for_status().json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    for name in ("Ada Okafor", "Jonas Meyer"):
        client.delete(f"/api/v1/users/{people[name]}", headers=headers)


def _choose_passwords(database_url: str) -> None:
    """As if everybody had signed in once and replaced the password that they were given."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        users = User.__table__  # type: ignore[attr-defined]  # tables have one
        connection.execute(update(users).values(must_change_password=False))
    engine.dispose()


def _spread(database_url: str, chance: random.Random) -> None:
    """Move what happened back in time, in the order in which it happened."""
    now = datetime.now(UTC)
    engine = create_engine(database_url)
    entries, users = AuditEntry.__table__, User.__table__  # type: ignore[attr-defined]  # tables have one
    with engine.begin() as connection:
        ids = list(connection.scalars(select(entries.c.id).order_by(entries.c.id)))
        moments = sorted(_moment(now, chance) for _ in ids)
        for old, moment in zip(ids, moments, strict=True):
            new = UUID(int=first_id_at(moment).int | chance.getrandbits(60))
            connection.execute(update(entries).where(entries.c.id == old).values(id=new, at=moment))
        people = connection.execute(
            select(users.c.id, users.c.last_sign_in_at).order_by(users.c.id)
        ).all()
        days = sorted((chance.randint(31, 400) for _ in people), reverse=True)
        for row, age in zip(people, days, strict=True):
            made = now - timedelta(days=age, minutes=chance.randint(0, 999))
            seen = _moment(now, chance) if row.last_sign_in_at else None
            values = {"created_at": made, "updated_at": made, "last_sign_in_at": seen}
            connection.execute(update(users).where(users.c.id == row.id).values(values))
    engine.dispose()


def _moment(now: datetime, chance: random.Random) -> datetime:
    """Some moment of the last month, mostly on a working day."""
    while True:
        day = now.date() - timedelta(days=int(DAYS * chance.random()))
        if day.weekday() < 5 or chance.random() < 0.2:  # noqa: PLR2004 - Monday to Friday, mostly
            break
    hour = time(hour=chance.randint(7, 18), minute=chance.randint(0, 59), tzinfo=UTC)
    moment = datetime.combine(day, hour)
    return moment if moment < now else now - timedelta(minutes=chance.randint(2, 90))
