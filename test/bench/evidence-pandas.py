"""The same comparison in pandas: read, merge on keys, errors, group by segment."""

import json
import resource
import sys

import numpy as np
import pandas as pd

rows_path, history_path = sys.argv[1:]
if rows_path.endswith(".csv"):
    rows = pd.read_csv(rows_path, parse_dates=["origin_date", "target_date"])
    history = pd.read_csv(history_path, parse_dates=["date"])
else:
    rows = pd.read_parquet(rows_path)
    history = pd.read_parquet(history_path)
    rows["origin_date"] = pd.to_datetime(rows["origin_date"])
    rows["target_date"] = pd.to_datetime(rows["target_date"])
    history["date"] = pd.to_datetime(history["date"])

# Volume bands and demand regimes from the history up to the first origin.
cutoff = rows["origin_date"].min()
known = history[history["date"] <= cutoff]
sold = known.groupby("sku")["units"].sum().sort_values(ascending=False)
before = (sold.cumsum() - sold) / sold.sum()
band = pd.cut(before, [0, 0.8, 0.95, 1.01], right=False, labels=["A", "B", "C"]).astype(str)
demand = known[known["units"] > 0].groupby(["sku", "store"]).agg(
    first=("date", "min"), days=("units", "size"), mean=("units", "mean"), std=("units", "std")
)
frequent = ((cutoff - demand["first"]).dt.days + 1) / demand["days"] < 1.32
steady = (demand["std"] / demand["mean"]) ** 2 < 0.49
demand["regime"] = np.select([frequent & steady, frequent, steady], ["smooth", "erratic", "intermittent"], "lumpy")

# The seasonal naive forecast: the latest same weekday up to the origin.
rows["date"] = rows["target_date"] - pd.to_timedelta(7 * np.ceil(rows["horizon"] / 7), unit="D")
rows = rows.merge(history.rename(columns={"units": "naive"}), on=["sku", "store", "date"], how="left")
rows = rows.merge(demand[["regime"]].reset_index(), on=["sku", "store"], how="left")
rows["volume"] = rows["sku"].map(band)
rows["bucket"] = pd.cut(rows["horizon"], [0, 7, 14, 28, 9999], labels=["1-7", "8-14", "15-28", "29-"]).astype(str)

for name in ["candidate", "baseline", "naive"]:
    rows[f"{name}_error"] = (rows[name] - rows["actual"]).abs()
measures = ["actual", "candidate", "baseline", "candidate_error", "baseline_error", "naive_error"]
overall = rows[measures].sum()
segments = {}
for dimension in ["region", "category", "regime", "volume", "bucket", "origin_date"]:
    sums = rows.groupby(dimension)[measures].sum()
    segments[dimension] = pd.DataFrame(
        {
            "rel_wape": sums["candidate_error"] / sums["baseline_error"] - 1,
            "bias": sums["candidate"] / sums["actual"] - 1,
        }
    )

usage = resource.getrusage(resource.RUSAGE_SELF)
print(
    json.dumps(
        {
            "rel_wape": overall["candidate_error"] / overall["baseline_error"] - 1,
            "cpuSeconds": usage.ru_utime + usage.ru_stime,
            "peakMb": usage.ru_maxrss / 1024,
        }
    )
)
