"""Questions that go beyond one run; each lives paths again.

lived      one path with everything that happened on it
trace      that path as a ledger of plain data
base_case  the deal at its means: cash flow by period
same_people the one place where several deals are lived over the same paths
paying     people lived once, and many deals that pay for them
levers     values that are moved; cases; stresses
compare    deals over the same people: differences, who is better off, what each term moves
changes    where two resolved scenarios part
sweep      cases of one or two levers, kept as they finish
solve      the value of a lever that gives a target
frontier   where payor and investors can all sign
precision  paths until an error is small enough; what a sampling saves
indices    Sobol indices and Shapley shares from any pick-and-freeze
explain    risk by source: those shares for each party of a deal
causes     expected losses split over the sources; the tornado
integrity  false payment, missed success, the price of noise, deadweight
cliffs     where one more participant moves many dollars
grounds    what a payment term rests on
scaling    the same deal with more people, or judged on more
"""
