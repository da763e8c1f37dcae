"""Confidence intervals of shares.

Wilson's score interval (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927, 209–212), recommended for small numbers and shares
near 0 or 1 by L. D. Brown, T. T. Cai and A. DasGupta (Statistical Science 16, 2001, 101–133). It takes calls as
independent; calls of one agent are not quite, so read the interval as the least uncertainty there is.
"""

from __future__ import annotations

import polars as pl

Z_95 = 1.959963984540054


def wilson(part: str, whole: str, z: float = Z_95) -> list[pl.Expr]:
    """Expressions `low` and `high` around part/whole; null where the whole is 0.

    (k + z²/2)/(n + z²)  ±  z/(n + z²) · √(k(n − k)/n + z²/4)
    """
    k, n = pl.col(part).cast(pl.Float64), pl.col(whole).cast(pl.Float64)
    middle = (k + z * z / 2) / (n + z * z)
    reach = z / (n + z * z) * (k * (n - k) / n + z * z / 4).sqrt()
    some = pl.col(whole) > 0
    return [
        pl.when(some).then((middle - reach).clip(0, 1)).alias("low"),
        pl.when(some).then((middle + reach).clip(0, 1)).alias("high"),
    ]
