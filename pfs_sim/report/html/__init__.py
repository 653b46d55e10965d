"""One HTML file about a deal, or several, that opens anywhere and needs nothing else.

deck          all that is known of a deal: the run, its draws, paths lived again, analyses
page          decks become the file
decision      the page of a command that helps to decide
analyses      what other analyses found, in the form that a deck holds
answer        four sentences with numbers
deal, words   what the deal is, its terms in plain language
origins       where its figures come from
named         fail, base, target, over, with their probabilities
chart         figures as plain marks; money_chart, returns_chart, time_chart draw them
downside      the losses of every tranche
risk          parties by sources, integrity of the contract
story         three paths year by year
comparison    several contracts
naming        what things are called
templates/    the page, its style, its script
"""

from pfs_sim.report.html.deck import Deck, gather
from pfs_sim.report.html.page import render_report, write_report

__all__ = ["Deck", "gather", "render_report", "write_report"]
