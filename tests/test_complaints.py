"""When so many people call a message spam that sending has to stop."""

import json
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlib.errors import InvalidValue
from leadlib.metrics import Complaints, ComplaintState, Rate, complaints


class TestComplaints:
    @pytest.mark.rule("L13")
    @pytest.mark.parametrize(
        ("k", "n", "state"),
        [
            (30, 10_000, ComplaintState.STOP),  # 0.3 % itself
            (15, 5_000, ComplaintState.STOP),
            (14, 5_000, ComplaintState.UNCLEAR),  # 0.28 %, and more could show 0.3 %
            (1, 100, ComplaintState.STOP),
            (0, 100, ComplaintState.UNCLEAR),  # up to z² / (100 + z²) = 3.7 %
            (0, 1_276, ComplaintState.UNCLEAR),  # z² / (n + z²) = 0.003 at n = 1,276.6
            (0, 1_277, ComplaintState.CLEAR),
            (0, 0, ComplaintState.UNCLEAR),
        ],
    )
    def test_stop_at_three_of_a_thousand(self, k, n, state):
        assert complaints(Rate(k, n)).state is state

    def test_may_stop_elsewhere(self):
        assert complaints(Rate(5, 5_000), stop_at=0.001).state is ComplaintState.STOP
        assert complaints(Rate(5, 5_000), stop_at=0.01).state is ComplaintState.CLEAR

    def test_carry_their_count_and_interval(self):
        found = complaints(Rate(24, 10_000))
        data = json.loads(json.dumps(found.to_dict()))

        assert str(found) == "unclear: 0.240 % [0.161, 0.357] complain, to stop at 0.3 %"
        assert (data["rate"]["k"], data["state"], data["stop_at"]) == (24, "unclear", 0.003)

    @given(st.integers(0, 50), st.integers(50, 5_000), st.integers(0, 50))
    def test_more_of_them_never_make_it_clearer(self, k, n, more):
        order = [ComplaintState.CLEAR, ComplaintState.UNCLEAR, ComplaintState.STOP]
        few, many = complaints(Rate(k, n)), complaints(Rate(min(k + more, n), n))

        assert order.index(few.state) <= order.index(many.state)

    @pytest.mark.parametrize("share", [0, -0.1, 1.1, nan, "0.3 %", True, None])
    def test_ask_for_a_share(self, share):
        with pytest.raises(InvalidValue):
            complaints(Rate(1, 100), stop_at=share)

    def test_ask_for_a_rate(self):
        with pytest.raises(InvalidValue):
            Complaints(rate=0.003)
