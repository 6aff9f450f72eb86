"""Series as one SVG of small charts, without any library: x is always the size, on a logarithmic axis."""
import math

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 380, 220, 62, 34, 34
COLOURS = ("#1f6f8b", "#c8553d", "#588157", "#7b5ea7")


def short(value):
    if value == 0:
        return "0"
    for unit, factor in (("M", 1e6), ("k", 1e3)):
        if abs(value) >= factor:
            return f"{value / factor:.3g}{unit}"
    return f"{value:.3g}"


def ticks(low, high):
    return [10.0**power for power in range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)]


def chart(title, x_name, points, lines):
    """`lines`: {name: values, one for each point}; the y axis begins at 0."""
    top = max(max(values) for values in lines.values()) * 1.08 or 1
    low, high = math.log10(min(points)), math.log10(max(points)) if max(points) > min(points) else math.log10(min(points)) + 1

    def x(value):
        return LEFT + (math.log10(value) - low) / (high - low) * (WIDTH - LEFT - 14)

    def y(value):
        return TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM)

    out = [f'<text x="{LEFT}" y="14" class="title">{title}</text>']
    for tick in ticks(min(points), max(points)):
        out.append(f'<path d="M{x(tick):.1f} {TOP}V{HEIGHT - BOTTOM}" class="grid"/>'
                   f'<text x="{x(tick):.1f}" y="{HEIGHT - BOTTOM + 13}" text-anchor="middle">{short(tick)}</text>')
    for part in range(5):
        value = top / 1.08 * part / 4
        out.append(f'<path d="M{LEFT} {y(value):.1f}H{WIDTH - 14}" class="grid"/>'
                   f'<text x="{LEFT - 5}" y="{y(value) + 3:.1f}" text-anchor="end">{short(value)}</text>')
    out.append(f'<text x="{(WIDTH + LEFT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{x_name}</text>')
    for number, (name, values) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in zip(points, values))
        dots = "".join(f'<circle cx="{x(at):.1f}" cy="{y(value):.1f}" r="2.5" fill="{colour}"/>' for at, value in zip(points, values))
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>{dots}'
                   f'<text x="{LEFT + 8 + 130 * number}" y="28" fill="{colour}">{name}</text>')
    return "".join(out)


def svg(charts, columns=3):
    """`charts`: arguments of chart()."""
    rows = -(-len(charts) // columns)
    body = "".join(f'<g transform="translate({number % columns * WIDTH},{number // columns * HEIGHT})">{chart(*one)}</g>'
                   for number, one in enumerate(charts))
    style = ("text{font:10px sans-serif;fill:#333}.title{font-weight:bold;font-size:12px}.grid{stroke:#ddd;stroke-width:.5}")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{columns * WIDTH}" height="{rows * HEIGHT}"><style>{style}</style>'
            f'<rect width="100%" height="100%" fill="white"/>{body}</svg>\n')
