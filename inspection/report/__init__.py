"""Figures and pages made from the stored tables only."""
