"""Requests are remembered by the keys that their callers gave them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import update

from app.core import clock
from app.core.actor import SYSTEM
from app.core.errors import Conflict, Invalid
from app.core.ports import KeptAnswer, RequestKeys
from app.core.unit_of_work import UnitOfWork
from app.features.request_keys.models import RequestKey
from app.features.request_keys.service import KEPT_FOR, LONGEST, RequestKeyService
from app.testing.platform import Platform, SignedIn

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
ANSWER = KeptAnswer(201, {"etag": '"1"'}, b"{}")


async def age(platform: Platform, by: timedelta) -> None:
    """Let all that is remembered have begun earlier."""
    async with (await platform.database()).writing.begin() as connection:
        await connection.execute(update(RequestKey).values(started_at=clock.now() - by))


@pytest.mark.actor("admin")
class TestStoredRequestKeys:
    """One request in one unit of work."""

    @asynccontextmanager
    async def keys(self, platform: Platform, by: SignedIn) -> AsyncIterator[RequestKeys]:
        """What remembers a request, in a unit of work that is committed at the end."""
        async with platform.caller(by.actor).unit() as unit:
            yield await unit.get(RequestKeys)
            await (await unit.get(UnitOfWork)).commit()

    async def test_kept(self, platform: Platform, signed_in: SignedIn) -> None:
        """An answer is given once more to the same request only."""
        async with self.keys(platform, signed_in) as first:
            assert await first.begin(KEY, b"request") is None
            await first.keep(ANSWER)
        async with self.keys(platform, signed_in) as again:
            assert await again.begin(KEY, b"request") == ANSWER
            with pytest.raises(Invalid):
                await again.begin(KEY, b"another")

    async def test_rolled_back(self, platform: Platform, signed_in: SignedIn) -> None:
        """An answer is kept only with what the operation did."""
        async with platform.caller(signed_in.actor).unit() as unit:
            first = await unit.get(RequestKeys)
            await first.begin(KEY, b"request")
            await first.keep(ANSWER)
        async with self.keys(platform, signed_in) as again:
            with pytest.raises(Conflict):
                await again.begin(KEY, b"request")

    async def test_released(self, platform: Platform, signed_in: SignedIn) -> None:
        """What came to nothing can be tried again at once."""
        async with self.keys(platform, signed_in) as first:
            await first.begin(KEY, b"request")
            await first.release()
        async with self.keys(platform, signed_in) as again:
            assert await again.begin(KEY, b"request") is None

    async def test_too_slow(self, platform: Platform, signed_in: SignedIn) -> None:
        """A request that is tried anew meanwhile comes to nothing: it is carried out once."""
        async with platform.caller(signed_in.actor).unit() as unit:
            slow = await unit.get(RequestKeys)
            assert await slow.begin(KEY, b"request") is None
            await age(platform, LONGEST)
            async with platform.caller(signed_in.actor).unit() as other:
                assert await (await other.get(RequestKeys)).begin(KEY, b"request") is None
            with pytest.raises(Conflict):
                await slow.keep(ANSWER)
            # Nor does it forget the other one.
            await (await unit.get(UnitOfWork)).rollback()
            await slow.release()
        async with platform.caller(signed_in.actor).unit() as unit:
            with pytest.raises(Conflict):
                await (await unit.get(RequestKeys)).begin(KEY, b"request")


class TestForgetExpired:
    """The job that forgets what is too old."""

    @pytest.mark.actor("admin")
    async def test_old(self, platform: Platform, signed_in: SignedIn) -> None:
        """Nothing is forgotten within a day, and everything after it."""
        call = platform.caller(SYSTEM)
        async with platform.caller(signed_in.actor).unit() as unit:
            await (await unit.get(RequestKeys)).begin(KEY, b"request")
        assert not await call(RequestKeyService.has_expired)
        assert await call(RequestKeyService.forget_expired) == 0

        await age(platform, KEPT_FOR + timedelta(seconds=1))
        assert await call(RequestKeyService.has_expired)
        assert await call(RequestKeyService.forget_expired) == 1
