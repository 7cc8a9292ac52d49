#!/usr/bin/python3
"""Tables and plots of docs/benchmarks.md from the recorded lines in docs/benchmarks/NAME.jsonl.

usage: report.py [--check] [TREE]

Writes each table between its marks in docs/benchmarks.md, and docs/benchmarks/NAME.svg. With --check
nothing is written: exits with 1 if anything would change. The first line of every file is the command
that made the others (tests/bench/measure).
"""
import json
import math
import os
import re
import sys

# What LightVM's authors published, on their machine: ratios compare, milliseconds do not.
LIGHTVM = [
    ("noop, all mechanisms", "2.3 ms", "loaded"),
    ("noop, from a pre-created shell under load", "1.3 ms", "loaded"),
    ("noxs alone", "8 to 15 ms", "cold"),
    ("xl, 1st to 1,000th guest", "100 ms to 1 s", "xl"),
    ("fork and exec", "1 to 3.5 ms", "exec"),
]
COLOURS = ["#1f5fa8", "#c4481d", "#2c8a4b", "#7d4fa3", "#8a7a12", "#444444"]


def load(folder, name):
    """The command and the lines, of the full size if there are; (None, []) if this was not measured."""
    paths = [os.path.join(folder, name + end) for end in ("-full.jsonl", ".jsonl")]
    path = next((path for path in paths if os.path.exists(path)), None)
    if path is None:
        return None, []
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file if line.startswith("{")]
    return lines[0]["command"], lines[1:]


def number(value, digits=0):
    return "" if value is None else f"{value:,.{digits}f}"


def table(head, rows):
    out = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return out + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]


def command_of(command):
    return ["", "```sh", command, "```"]


# ---- tables ------------------------------------------------------------------------------


def latency_table(folder):
    command, lines = load(folder, "latency")
    rows = [
        (l["mode"], l.get("memory_mib", ""), l["phase"], l["n"], number(l["p50_us"]), number(l["p99_us"]),
         number(l["hypercalls"]), number(l["context_switches"]), number(l["grant_ops"]), number(l["events"]))
        for l in lines
    ]
    head = ["mode", "MiB", "phase", "n", "p50, µs", "p99, µs", "hypercalls", "switches", "grant ops", "events"]
    return table(head, rows) + command_of(command) if lines else []


def pick(lines, mode, phase, mib=None):
    for line in lines:
        if line["mode"] == mode and line["phase"] == phase and mib in (None, line.get("memory_mib")):
            return line
    return None


def p50(lines, mode, phase, mib=None):
    line = pick(lines, mode, phase, mib)
    return line and line["p50_us"]


def ratios_table(folder):
    _, lines = load(folder, "latency")
    if not lines:
        return []
    loaded, shell, cold = (p50(lines, mode, "ready", 2) for mode in ("loaded", "shell", "cold"))
    xl, chaos = p50(lines, "xl", "ready"), p50(lines, "chaos", "ready", 2)
    connect, process = p50(lines, "connect", "exit"), p50(lines, "exec", "exit")
    loaded_p99, cold_p99 = pick(lines, "loaded", "ready", 2)["p99_us"], pick(lines, "cold", "ready", 2)["p99_us"]
    destroy = max(p50(lines, "loaded", "destroy", mib) for mib in (1, 2))
    ack = max(p50(lines, "loaded", "ack", mib) for mib in (1, 2))
    rows = [
        ("a", "`loaded` ready, p50 / p99, µs", "200 / 320", f"{number(loaded, 1)} / {number(loaded_p99, 1)}"),
        ("b", "`shell` / `cold` ready, µs", "350 / 1,000", f"{number(shell)} / {number(cold)}"),
        ("", "`cold` ready, p99, µs", "", number(cold_p99)),
        ("c", "`chaos` over `connect`", "1.25", number(chaos / connect, 2)),
        ("d", "`xl` over `loaded`", "150", number(xl / loaded)),
        ("e", "`xl` over `chaos`", "15", number(xl / chaos, 1)),
        ("", "`daytime`: call to first TCP byte, µs", "1,500", number(p50(lines, "daytime", "answer", 2))),
        ("", "`destroy` acknowledged / finished, µs", "150 / 1,000", f"{number(ack)} / {number(destroy)}"),
        ("", "`loaded` over `exec`", "", number(loaded / process, 3)),
        ("", "`crun` over `loaded`", "", number(p50(lines, "crun", "exit") / loaded)),
    ]
    return table(["", "what (2 MiB noop)", "target", "measured"], rows)


def lightvm_table(folder):
    _, lines = load(folder, "latency")
    if not lines:
        return []
    phase = {"exec": "exit"}
    rows = []
    for what, theirs, mode in LIGHTVM:
        ours = [p50(lines, mode, phase.get(mode, "ready"), mib) for mib in (1, 2)]
        if ours[0] is None and ours[1] is None:
            text = number(p50(lines, mode, phase.get(mode, "ready")))
        else:
            text = f"{number(ours[0])} / {number(ours[1])}"
        rows.append((what, theirs, f"`{mode}`", text))
    return table(["LightVM", "published", "ours", "p50, µs (1 / 2 MiB)"], rows)


def running_rows(folder):
    """mode, MiB, phase -> [(guests, p50)]"""
    series = {}
    for name in ("running", "running-4000", "running-xl"):
        for line in load(folder, name)[1]:
            key = (line["mode"], line.get("memory_mib"), line["phase"])
            series.setdefault(key, {}).setdefault(line["guests"], line["p50_us"])
    for mode, mib, phase in list(series):
        if phase == "work" and ("bind", mib, "bind") in series:
            bind, work = series["bind", mib, "bind"], series[mode, mib, phase]
            series[mode, mib, "work less bind"] = {n: work[n] - bind[n] for n in work if n in bind}
    return {key: sorted(points.items()) for key, points in series.items()}


def running_table(folder):
    commands = [load(folder, name)[0] for name in ("running", "running-4000", "running-xl")]
    rows = []
    for (mode, mib, phase), points in running_rows(folder).items():
        if phase in ("ready", "work", "work less bind", "destroy", "bind") and len(points) > 1:
            (first, low), (last, high) = points[0], points[-1]
            rows.append((mode, mib, phase, f"{first:,}", number(low, 1), f"{last:,}", number(high, 1),
                         number(high / low, 3)))
    head = ["mode", "MiB", "phase", "guests", "p50, µs", "guests", "p50, µs", "ratio"]
    out = table(head, rows) if rows else []
    for command in commands:
        out += command_of(command) if command else []
    return out


def xl_table(folder):
    command, lines = load(folder, "xl-breakdown")
    if not lines:
        return []
    total = p50(lines, "xl", "total")
    rows = [(l["phase"], number(l["p50_us"]), number(100 * l["p50_us"] / total, 1)) for l in lines]
    return table(["part of `xl create`", "p50, µs", "%"], rows) + command_of(command)


def density_table(folder):
    command, lines = load(folder, "density")
    mib = 1048576
    rows = [
        (f"{l['guests']:,}", l["memory_mib"], number(l["total_bytes"] / mib, 3), number(l["xen_bytes"] / mib, 3),
         number(l["dom0_bytes"] / mib, 3), number(l["mapped_pages"], 1), number(l["ports"], 1),
         number(l["creates_per_second"]))
        for l in lines if l["mode"] == "memory"
    ]
    head = ["guests", "MiB", "MiB each", "of Xen's", "of dom0's", "mapped pages", "ports", "creates/s"]
    return table(head, rows) + command_of(command) if rows else []


def idle_table(folder):
    command, lines = load(folder, "idle")
    rows = []
    for l in lines:
        if l["mode"] == "idle":
            rows.append((f"{l['guests']:,}", l["memory_mib"], l["seconds"], number(l["busy_percent"], 2),
                         number(l["dom0_percent"], 2), number(l["guests_percent"], 2),
                         number(l["wakes_per_guest_second"], 3)))
    head = ["guests", "MiB", "s", "busy, %", "dom0, %", "guests, %", "wake-ups of a guest, 1/s"]
    out = table(head, rows) if rows else []
    many_command, many = load(folder, "daytime")
    for l in lines + many:
        if l["mode"] == "answer":
            out += ["", f"Of {l['guests']:,} guests {l['ping_answers']:,} answered a ping and "
                        f"{l['tcp_answers']:,} a TCP connection."]
    for l in [l for l in lines if l["mode"] == "memory"][-1:]:
        out += ["", f"Pages of such a guest, with one interface, that dom0 keeps mapped: "
                    f"{number(l['mapped_pages'], 1)}."]
    out += command_of(many_command) if many else []
    return out + command_of(command) if lines else []


def churn_table(folder):
    (command, lines), (long_command, long_lines) = load(folder, "churn"), load(folder, "churn-60")
    rows = [
        (l["mode"], l["memory_mib"], l["seconds"], f"{l['n']:,}", number(l["cycle_us"]), number(l["busy_us"]),
         number(l["parts_us"]), number(l["ratio"], 3), number(l["parts_busy_us"]), number(l["busy_ratio"], 3),
         f"{number(l['left_bytes'])} / {number(l['left_domains'])} / {number(l['left_ports'])} / "
         f"{number(l['left_fds'])} / {number(l['left_mapped_pages'])}")
        for l in lines + long_lines
    ]
    head = ["mode", "MiB", "s", "cycles", "cycle, µs", "busy, µs", "parts, µs", "ratio", "parts, busy, µs", "ratio",
            "left: bytes / domains / ports / fds / pages"]
    out = table(head, rows) if rows else []
    for one in (command, long_command):
        out += command_of(one) if one else []
    return out


def image_table(folder):
    command, lines = load(folder, "image-size")
    rows = [(number(l["image_bytes"] / 1024), l["mode"], l["memory_mib"], number(l["p50_us"]))
            for l in lines if l["phase"] == "ready"]
    return table(["image, KiB", "mode", "MiB", "ready, p50, µs"], rows) + command_of(command) if lines else []


def profile_table(name, functions):
    def make(folder):
        command, lines = load(folder, "profile-" + name)
        whole = [l for l in lines if l["function"] is None]
        single = [l for l in lines if l["function"] is not None][:functions]
        rows = [(l["program"], f"`{l['function']}`" if l["function"] else "all of it", number(l["percent"], 1))
                for l in whole + single]
        return table(["program", "function", "%"], rows) + command_of(command) if lines else []
    return make


# ---- plots -------------------------------------------------------------------------------

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 400, 80, 170, 40, 50


def ticks(low, high, log):
    if log:
        return [10 ** e for e in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]
    step = 10 ** math.floor(math.log10(high or 1))
    step = next(s for s in (step / 5, step / 2, step, step * 2) if high / s <= 8)
    return [i * step for i in range(int(high / step) + 2)]


def svg(title, across, up, series, log=False):
    """series: {label: [(x, y)]}"""
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    x_ticks = ticks(0, max(xs), False)
    y_ticks = ticks(min(ys) if log else 0, max(ys), log)
    scale = math.log10 if log else float
    y_low, y_high = scale(y_ticks[0]), scale(y_ticks[-1])

    def place(x, y):
        return (LEFT + (WIDTH - LEFT - RIGHT) * x / x_ticks[-1],
                HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (scale(y) - y_low) / (y_high - y_low))

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
           f'<text x="{LEFT}" y="22" font-size="15">{title}</text>']
    for tick in y_ticks:
        _, y = place(0, tick)
        out.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:,.10g}</text>')
    for tick in x_ticks:
        x, _ = place(tick, y_ticks[0])
        out.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{tick:,.10g}</text>')
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    out.append(f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle">{across}</text>')
    out.append(f'<text x="16" y="{HEIGHT / 2}" text-anchor="middle" '
               f'transform="rotate(-90 16 {HEIGHT / 2})">{up}</text>')
    for i, (label, points) in enumerate(series.items()):
        colour, dash = COLOURS[i % len(COLOURS)], ' stroke-dasharray="5 3"' if i >= len(COLOURS) else ""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        y = TOP + 16 * i
        out.append(f'<line x1="{WIDTH - RIGHT + 10}" y1="{y}" x2="{WIDTH - RIGHT + 34}" y2="{y}" '
                   f'stroke="{colour}" stroke-width="2"{dash}/>')
        out.append(f'<text x="{WIDTH - RIGHT + 40}" y="{y + 4}">{label}</text>')
    return "\n".join(out + ["</svg>", ""])


def of_phase(folder, phase):
    return {f"{mode}, {mib} MiB": points for (mode, mib, its), points in running_rows(folder).items()
            if its == phase and len(points) > 1}


def xl_plot(folder):
    _, lines = load(folder, "xl-breakdown")
    parts = [(l["phase"], l["p50_us"] / 1000) for l in lines if l["phase"] != "total"]
    if not parts:
        return None
    high = max(value for _, value in parts)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{60 + 30 * len(parts)}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{60 + 30 * len(parts)}" fill="white"/>',
           '<text x="20" y="22" font-size="15">Where xl create spends its time, ms</text>']
    for i, (name, value) in enumerate(parts):
        y, width = 45 + 30 * i, (WIDTH - 220) * value / high
        out.append(f'<text x="110" y="{y + 14}" text-anchor="end">{name}</text>')
        out.append(f'<rect x="120" y="{y}" width="{width:.1f}" height="20" fill="{COLOURS[0]}"/>')
        out.append(f'<text x="{126 + width:.1f}" y="{y + 14}">{value:.2f}</text>')
    return "\n".join(out + ["</svg>", ""])


def plots(folder):
    made = {}
    for name, phase, title in (("create", "ready", "Create until ready"),
                               ("destroy", "destroy", "Destroy until memory has returned")):
        series = of_phase(folder, phase)
        if series:
            made[name] = svg(title, "guests running", "µs (1,000 instructions)", series, log=True)
    density = [l for l in load(folder, "density")[1] if l["mode"] == "memory"]
    series = {}
    for line in density:
        label = f"{line['memory_mib']} MiB guests"
        series.setdefault(label, []).append((line["guests"], line["guests"] * line["total_bytes"] / 1048576))
    if series:
        made["density"] = svg("Memory of all guests with their share of Xen and dom0", "noop guests", "MiB",
                              {label: [(0, 0)] + points for label, points in series.items()})
    series = {}
    for line in load(folder, "image-size")[1]:
        if line["phase"] == "ready":
            series.setdefault(line["mode"], []).append((line["image_bytes"] / 1048576, line["p50_us"]))
    if series:
        made["image-size"] = svg("Create until ready against image size", "image, MiB",
                                 "µs (1,000 instructions)", series)
    xl = xl_plot(folder)
    if xl:
        made["xl-breakdown"] = xl
    return made


# ---- the document ------------------------------------------------------------------------

TABLES = {
    "latency": latency_table,
    "targets": ratios_table,
    "lightvm": lightvm_table,
    "running": running_table,
    "xl": xl_table,
    "density": density_table,
    "idle": idle_table,
    "churn": churn_table,
    "image-size": image_table,
    "profile-loaded": profile_table("loaded", 20),
    "profile-churn": profile_table("churn", 20),
}


def fill(text, folder):
    def replace(match):
        lines = TABLES[match.group(1)](folder) or ["Not recorded yet."]
        return "\n".join([f"<!-- table: {match.group(1)} -->", *lines, "<!-- end -->"])

    return re.sub(r"<!-- table: (\S+) -->\n.*?<!-- end -->", replace, text, flags=re.S)


def main(arguments):
    check = "--check" in arguments
    rest = [a for a in arguments if a != "--check"]
    tree = rest[0] if rest else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    folder, document = os.path.join(tree, "docs", "benchmarks"), os.path.join(tree, "docs", "benchmarks.md")
    with open(document, encoding="utf-8") as file:
        text = file.read()
    wanted = {document: fill(text, folder)}
    for name, content in plots(folder).items():
        wanted[os.path.join(folder, name + ".svg")] = content
    status = 0
    for path, content in wanted.items():
        old = None
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                old = file.read()
        if old == content:
            continue
        if check:
            print(f"{os.path.relpath(path, tree)} is not what tests/bench/report.py makes of the recorded lines")
            status = 1
            continue
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
