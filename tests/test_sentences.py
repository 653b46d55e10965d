"""The answer in words says what the numbers say."""

import numpy as np
import pytest
from made_up import make_up_results

from pfs_sim.metrics.deal import summarize
from pfs_sim.reading import load
from pfs_sim.report.sentences import say_returns
from pfs_sim.simulate import simulate


def test_a_loss_of_principal_that_other_money_makes_up_for_is_told_apart():
    results = make_up_results()
    lost, moic = results["investors.principal_loss"], results["investors.moic"]
    lost[:] = np.where(np.arange(lost.size) % 2 == 0, 1_000.0, 0.0)
    moic[:] = np.where(np.arange(lost.size) % 4 == 0, 0.5, 1.5)
    said = say_returns(summarize(results), "USD")
    assert "they lose principal on 50.0%" in said
    assert said.endswith("; on 25.0% they get back less than they put in")
    moic[:] = np.where(lost > 0.0, 0.5, 1.5)
    assert "get back less" not in say_returns(summarize(results), "USD")


@pytest.mark.parametrize("draws", ["before_distribution", "after_distribution"])
def test_principal_drawn_on_the_day_of_the_last_payment(draws):
    """Rikers drew its last quarter on the day of the payment, of which it is repaid or not."""
    deal = load("scenarios/rikers_able_stopped.yaml", {"capital.draws": draws})
    results = simulate(deal, 500)
    lost = results["investors.principal_loss"] > 0.0
    behind = results["investors.moic"] < 1.0
    if draws == "before_distribution":
        assert np.array_equal(lost, behind) and not lost.all()
    else:
        assert lost.all() and not behind.all()
