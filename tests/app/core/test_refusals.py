"""Refused calls of strangers, counted by address."""

from app.core.refusals import OTHER_ADDRESSES, StrangerRefusals


class TestStrangerRefusals:
    """What is counted takes little memory, and none of it is lost."""

    def test_count(self) -> None:
        """Calls of one network are one; codes are counted, what was called is sampled."""
        refusals = StrangerRefusals(lambda address: address[:3])
        for number in range(30):
            refusals.count(f"10.{number}", f"user.{number}", "auth.required")
        refusals.count("10.9", "user.1", "auth.token.invalid")
        [calls] = refusals.take()

        assert calls.codes == {"auth.required": 30, "auth.token.invalid": 1}
        assert calls.samples == [f"user.{number}" for number in range(10)]
        assert refusals.take() == []

    def test_is_bounded(self) -> None:
        """Beyond a thousand addresses all others are counted together."""
        refusals = StrangerRefusals()
        for number in range(1_005):
            refusals.count(str(number), "user.read", "auth.required")
        taken = refusals.take()

        assert len(taken) == 1_001
        assert (taken[-1].address, taken[-1].codes.total()) == (OTHER_ADDRESSES, 5)

    def test_put_back(self) -> None:
        """What could not be written is counted with what came since."""
        refusals = StrangerRefusals()
        refusals.count("a", "user.read", "auth.required")
        taken = refusals.take()
        refusals.count("a", "user.read", "auth.required")
        refusals.put_back(taken)
        [calls] = refusals.take()

        assert calls.codes.total() == 2
        assert calls.first_at == taken[0].first_at
