"""COMPILE: Scenario → Plan on the period grid: what is certain."""
