"""How good plans are, held against the best there is: an exact solver (HiGHS, `pip install highspy numpy`).

    flood-sim plans write FOLDER && python3 exact_plan.py FOLDER

Each case is a set partitioning problem: every point gets one set of trucks, as many as there is room for, and
every truck is in one set at most. The cost of a set is reckoned in full, here, from the case's numbers alone,
so nothing is linear but the choice. Trucks that are alike (same place, same pump) are counted, not named. All
sets are enumerated; the linear relaxation is solved by generating columns, and the whole problem over those
sets whose reduced cost could still pay: so its optimum is the optimum. Where HiGHS runs out of time, its lower
bound stands for the optimum, and the case is counted as not proven.

The gap of a plan is what the best one avoids more, as a share of what that avoids (%).
"""
import argparse
import itertools
import json
import pathlib
import sys
import time

import highspy
import numpy as np

HINGE = 2.0  # water above the critical volume counts so many times more: as in the planner's measure


class Case:
    """A case with its trucks in groups that are alike."""

    def __init__(self, told, with_sending):
        self.told = told
        self.points = told["points"]
        kinds = {}
        for number, truck in enumerate(told["trucks"]):
            sending = truck["sending_m3h"] if with_sending else 0.0
            key = (truck["capacity_m3h"], sending, tuple(truck["ready_minutes"]))
            kinds.setdefault(key, []).append(number)
        self.groups = list(kinds.values())
        self.sending = np.array([key[1] for key in kinds])
        self.capacity = np.array([key[0] for key in kinds])
        self.ready = np.array([key[2] for key in kinds])
        self.group_of = {n: g for g, group in enumerate(self.groups) for n in group}
        self.sets = {}

    def sets_of(self, room):
        """All sets of so many trucks at most: how many of each group."""
        if room not in self.sets:
            sizes = [len(group) for group in self.groups]
            rows = []
            for count in range(room + 1):
                for chosen in itertools.combinations_with_replacement(range(len(sizes)), count):
                    if all(chosen.count(g) <= sizes[g] for g in set(chosen)):
                        rows.append(np.bincount(chosen, minlength=len(sizes)) if chosen else np.zeros(len(sizes), int))
            self.sets[room] = np.array(rows)
        return self.sets[room]

    def costs(self, i, sets):
        """Water and sending of each set at a point, in weighted m3 h."""
        point = self.points[i]
        steps = len(point["members"][0]["m3h"])
        minutes = self.told["step_minutes"]
        ends = (np.arange(steps) + 1.0) * minutes
        share = np.clip((ends[None, :] - self.ready[:, i][:, None]) / minutes, 0.0, 1.0)
        flow = sets @ (self.capacity[:, None] * share)
        net = np.array([member["m3h"] for member in point["members"]])
        p = np.array([member["weight"] for member in point["members"]])
        hours = minutes / 60.0
        volume = np.full((len(sets), len(p)), point["volume_m3"])
        total = np.zeros(len(sets))
        for t in range(steps):
            volume = np.maximum(volume + (net[:, t][None, :] - flow[:, t][:, None]) * hours, 0.0)
            total += (volume + HINGE * np.maximum(volume - point["critical_m3"], 0.0)) @ p
        return total * hours * point["weight"] + sets @ self.sending

    def value_of(self, sent):
        """What a plan comes to that sends each truck to a point, or to none."""
        total = 0.0
        for i in range(len(self.points)):
            own = np.zeros((1, len(self.groups)), int)
            for truck, place in enumerate(sent):
                if place == i:
                    own[0, self.group_of[truck]] += 1
            total += self.costs(i, own)[0]
        return total


class Master:
    """The choice among the sets told so far: one for each point, no more trucks than there are."""

    def __init__(self, sizes, points, seconds):
        self.sizes, self.points = sizes, points
        self.solver = highspy.Highs()
        for option, value in (
            ("output_flag", False),
            ("threads", 1),
            ("time_limit", float(seconds)),
            ("mip_rel_gap", 1e-6),
        ):
            self.solver.setOptionValue(option, value)
        for size in sizes:
            self.solver.addRow(-highspy.kHighsInf, float(size), 0, np.array([], np.int32), np.array([]))
        for _ in range(points):
            self.solver.addRow(1.0, 1.0, 0, np.array([], np.int32), np.array([]))

    def add(self, point, counts, costs):
        """More sets for a point: how many of each group, and what they come to."""
        own = np.full((len(costs), 1), len(self.sizes) + point)
        rows, columns = np.nonzero(counts)
        order = np.argsort(np.concatenate([rows, np.arange(len(costs))]), kind="stable")
        index = np.concatenate([columns, own[:, 0]])[order]
        value = np.concatenate([counts[rows, columns].astype(float), np.ones(len(costs))])[order]
        starts = np.concatenate([[0], np.cumsum((counts != 0).sum(axis=1) + 1)[:-1]])
        number = len(costs)
        self.solver.addCols(
            number,
            np.asarray(costs, float),
            np.zeros(number),
            np.ones(number),
            len(index),
            starts.astype(np.int32),
            index.astype(np.int32),
            value,
        )

    def relaxed(self):
        """The value of the linear relaxation, and the prices of trucks and points."""
        self.solver.run()
        prices = np.array(self.solver.getSolution().row_dual)
        return self.solver.getInfo().objective_function_value, prices[: len(self.sizes)], prices[len(self.sizes) :]

    def whole(self):
        """The best choice, and a lower bound of it."""
        for column in range(self.solver.getNumCol()):
            self.solver.changeColIntegrality(column, highspy.HighsVarType.kInteger)
        self.solver.run()
        info = self.solver.getInfo()
        return info.objective_function_value, info.mip_dual_bound


# Sets that a point gets anew in one round.
MORE = 10


def best(case, sent, seconds, is_quick):
    """The least that any plan comes to (a lower bound of it), and whether it is proven to be reached."""
    sizes = [len(group) for group in case.groups]
    points = range(len(case.points))
    sets = [case.sets_of(case.points[i]["room"]) for i in points]
    costs = [case.costs(i, sets[i]) for i in points]
    ours = case.value_of(sent)
    master = Master(sizes, len(case.points), seconds)
    told = [np.zeros(len(costs[i]), bool) for i in points]

    def tell(i, which):
        which = which & ~told[i]
        told[i] |= which
        if which.any():
            master.add(i, sets[i][which], costs[i][which])
        return which.any()

    for i in points:
        own = np.bincount([case.group_of[t] for t, place in enumerate(sent) if place == i], minlength=len(sizes))
        tell(i, (sets[i] == own).all(axis=1) | (sets[i].sum(axis=1) <= 1))
    while True:
        relaxed, of_trucks, of_points = master.relaxed()
        reduced = [costs[i] - sets[i] @ of_trucks - of_points[i] for i in points]
        least = -1e-7 * abs(relaxed) / len(case.points)
        any_new = False
        for i in points:
            below = np.partition(reduced[i], MORE)[MORE] if len(reduced[i]) > MORE else np.inf
            any_new |= tell(i, (reduced[i] < least) & (reduced[i] <= below))
        if not any_new:
            break
    # What rounding left below nothing belongs to the bound.
    relaxed += sum(min(0.0, row.min()) for row in reduced)
    if is_quick:
        return min(ours, relaxed), bool(ours - relaxed <= 2e-6 * max(1.0, abs(ours)))
    for i in points:
        tell(i, reduced[i] <= ours - relaxed + 1e-6)
    reached, bound = master.whole()
    is_proven = bool(reached - bound <= 2e-6 * max(1.0, abs(reached)))
    return min(ours, reached if is_proven else max(bound, relaxed)), is_proven


def percent(ours, least, without):
    return 100.0 * (ours - least) / (without - least) if without > least else 0.0


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("folder", type=pathlib.Path)
    ask.add_argument("--seconds", type=float, default=60.0, help="time for each case at most (60)")
    ask.add_argument("--quick", action="store_true", help="the linear relaxation stands for the optimum")
    ask.add_argument("--water-only", action="store_true", help="as if sending a truck counted for nothing")
    ask.add_argument("--report", type=pathlib.Path, help="write all figures as JSON")
    args = ask.parse_args()
    rows = []
    for file in sorted(args.folder.glob("*.json")):
        told = json.loads(file.read_text())
        begun = time.monotonic()
        case = Case(told, not args.water_only)
        plan = told["plan"]
        ours = case.value_of(plan["sent"])
        without = case.value_of([None] * len(told["trucks"]))
        says = plan["cost"] + (0.0 if args.water_only else plan["sending"])
        if abs(ours - says) > 1e-3 * max(1.0, abs(says)):
            sys.exit(f"{file}: the plan says {says}, here it is {ours}")
        least, is_proven = best(case, plan["sent"], args.seconds, args.quick)
        gap = percent(ours, least, without)
        rows.append(
            {
                "case": file.stem,
                "load": told["load"],
                "best": float(least),
                "proven": is_proven,
                "ours": float(ours),
                "without": float(without),
                "gap_percent": float(gap),
                "reported_gap_percent": plan["gap_percent"],
                "bound_holds": args.water_only or bool(plan["bound"] <= least * (1.0 + 1e-6) + 0.1),
                "seconds": time.monotonic() - begun,
            }
        )
        row = rows[-1]
        print(
            f"{row['case']}: load {row['load']}, best {least:.1f}{'' if is_proven else ' (bound)'}, plan {ours:.1f}, "
            f"gap {gap:.2f} %, reported {row['reported_gap_percent']:.2f} %, {row['seconds']:.1f} s",
            flush=True,
        )
    if not rows:
        sys.exit(f"{args.folder} has no cases: flood-sim plans write {args.folder}")
    gaps = np.array([row["gap_percent"] for row in rows])
    off = np.array([abs(row["reported_gap_percent"] - row["gap_percent"]) for row in rows])
    summary = {
        "cases": len(rows),
        "proven": sum(row["proven"] for row in rows),
        "mean_gap_percent": float(gaps.mean()),
        "worst_gap_percent": float(gaps.max()),
        "mean_reported_off_points": float(off.mean()),
        "worst_reported_off_points": float(off.max()),
        "bounds_that_hold": sum(bool(row["bound_holds"]) for row in rows),
    }
    print(json.dumps(summary, indent=2))
    if args.report:
        args.report.write_text(json.dumps({"summary": summary, "cases": rows}, indent=2))


if __name__ == "__main__":
    main()
