"""Build-time training of the small speech models of the sample day.

Nothing here is needed to use the product: the trained models lie in `inspection/demo/models`.
The synthesiser and the training packages are asked for only when a module of this package is run.
"""
