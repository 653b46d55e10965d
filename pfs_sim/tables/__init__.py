"""The compiled forms: what `plan` builds, `kernels` live in, and neither words nor numba touch.

NamedTuples of arrays and the IntEnums that kernels branch on, one file per noun. Shapes by
letter: t period or grid point, c cohort, k outcome, a arm (0 control, 1 treated, 2 matched
comparison), s sample class, y type, v vintage (index of the evaluation that first sees a group;
the last one is "never"), m measure, e evaluation, i tranche, g guarantee, q payor, j term.
"""
