"""Confidence intervals of shares.

Wilson's score interval (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927, 209–212), recommended for small numbers and shares
near 0 or 1 by L. D. Brown, T. T. Cai and A. DasGupta (Statistical Science 16, 2001, 101–133). It takes calls as
independent; calls of one agent are not quite, so read the interval as the least uncertainty there is. A score is no
share of calls but points over points: its interval is the usual one of a ratio of sums (W. G. Cochran, Sampling
Techniques, 1977, chapter 6).
"""

from __future__ import annotations

import polars as pl

Z_95 = 1.959963984540054


def wilson(part: str, whole: str, z: float = Z_95, *, prefix: str = "") -> list[pl.Expr]:
    """Expressions `<prefix>low` and `<prefix>high` around part/whole; null where the whole is 0.

    (k + z²/2)/(n + z²)  ±  z/(n + z²) · √(k(n − k)/n + z²/4)
    """
    k, n = pl.col(part).cast(pl.Float64), pl.col(whole).cast(pl.Float64)
    middle = (k + z * z / 2) / (n + z * z)
    reach = z / (n + z * z) * (k * (n - k) / n + z * z / 4).sqrt()
    some = pl.col(whole) > 0
    return [
        pl.when(some).then((middle - reach).clip(0, 1)).alias(f"{prefix}low"),
        pl.when(some).then((middle + reach).clip(0, 1)).alias(f"{prefix}high"),
    ]


def of_ratio(part: str, whole: str, scale: float = 100.0, z: float = Z_95) -> list[pl.Expr]:
    """Aggregations `<part>_low` and `<part>_high` around scale · Σpart/Σwhole over rows; null below two rows.

    r ± z · √(n/(n − 1) · Σ(part − r·whole)²) / Σwhole,  kept within 0 and `scale`
    """
    counted = pl.col(whole) > 0
    x, y, n = pl.col(part).filter(counted), pl.col(whole).filter(counted), counted.sum()
    r = x.sum() / y.sum()
    reach = z * (n / (n - 1) * ((x * x).sum() - 2 * r * (x * y).sum() + r * r * (y * y).sum()).clip(0)).sqrt() / y.sum()
    return [
        pl.when(n > 1).then((scale * (r + sign * reach)).clip(0, scale)).alias(f"{part}_{name}")
        for sign, name in ((-1, "low"), (1, "high"))
    ]
