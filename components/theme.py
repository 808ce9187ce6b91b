"""Design tokens: the only place where colours and sizes are written down.

`python -m components.theme` writes them to `assets/theme.css` as CSS custom properties; everything
else says `var(--…)`.
"""

from pathlib import Path
from typing import Final

STYLESHEETS: Final = ["/theme.css", "/console.css"]
"""Give this to `rx.App(stylesheets=…)`."""

LIGHT: Final = {
    # Neutral: one grey scale.
    "canvas": "#fafafb",
    "surface": "#ffffff",
    "surface-subtle": "#f5f6f8",
    "surface-hover": "#f0f1f4",
    "surface-active": "#e7e9ee",
    "border": "#e4e6eb",
    "border-strong": "#d2d5dc",
    "border-control": "#8b909d",
    "text": "#191b21",
    "text-muted": "#565b67",
    "text-faint": "#646a77",
    # The accent: ink indigo.
    "accent": "#4551b5",
    "accent-hover": "#38439e",
    "accent-text": "#3d48a8",
    "accent-soft": "#eef0fb",
    "accent-border": "#c5cbef",
    "on-accent": "#ffffff",
    # Meaning.
    "success": "#1d6b3c",
    "success-soft": "#eaf5ee",
    "success-border": "#bfdfca",
    "warning": "#7f4f05",
    "warning-soft": "#fcf4e3",
    "warning-border": "#ead6a8",
    "danger": "#b02a20",
    "danger-soft": "#fdf0ee",
    "danger-border": "#f0c8c3",
    "danger-solid": "#bd3227",
    "danger-solid-hover": "#a1281e",
    "on-danger": "#ffffff",
    "info": "#125d8a",
    "info-soft": "#ebf4fa",
    "info-border": "#bddaea",
    "scrim": "rgb(20 22 30 / 38%)",
    "shadow": "0 1px 2px rgb(20 22 30 / 6%), 0 8px 28px rgb(20 22 30 / 14%)",
}
"""Colours on a light ground."""

DARK: Final = {
    "canvas": "#0e0f12",
    "surface": "#14161a",
    "surface-subtle": "#191b20",
    "surface-hover": "#1f2127",
    "surface-active": "#282b32",
    "border": "#272a31",
    "border-strong": "#363a43",
    "border-control": "#6d7382",
    "text": "#ecedf1",
    "text-muted": "#a7acb8",
    "text-faint": "#9197a4",
    "accent": "#5a67cf",
    "accent-hover": "#515dc3",
    "accent-text": "#a7b1f6",
    "accent-soft": "#212645",
    "accent-border": "#3b4377",
    "on-accent": "#ffffff",
    "success": "#74cf94",
    "success-soft": "#14271c",
    "success-border": "#25472f",
    "warning": "#e3b661",
    "warning-soft": "#2a2112",
    "warning-border": "#4d3d1d",
    "danger": "#ff978d",
    "danger-soft": "#331a17",
    "danger-border": "#5d2d28",
    "danger-solid": "#c2382d",
    "danger-solid-hover": "#d0453a",
    "on-danger": "#ffffff",
    "info": "#7dbfea",
    "info-soft": "#12252f",
    "info-border": "#23445a",
    "scrim": "rgb(0 0 0 / 58%)",
    "shadow": "0 0 0 1px rgb(255 255 255 / 6%), 0 12px 32px rgb(0 0 0 / 55%)",
}
"""Colours on a dark ground; same names as `LIGHT`."""

SIZES: Final = {
    # Space: a 4 px grid.
    "space-half": "2px",
    "space-1": "4px",
    "space-2": "8px",
    "space-3": "12px",
    "space-4": "16px",
    "space-5": "20px",
    "space-6": "24px",
    "space-8": "32px",
    "space-10": "40px",
    "space-12": "48px",
    "space-16": "64px",
    # Shape.
    "line": "1px",
    "line-strong": "2px",
    "radius-small": "4px",
    "radius": "6px",
    "radius-large": "8px",
    "radius-round": "999px",
    # Type.
    "font": (
        '"Inter Variable", system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue",'
        " sans-serif"
    ),
    "font-mono": 'ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, monospace',
    "weight": "450",
    "weight-strong": "600",
    "text-xs": "12px",
    "text-s": "13px",
    "text-m": "14px",
    "text-l": "16px",
    "text-xl": "20px",
    "text-2xl": "26px",
    "leading-tight": "1.25",
    "leading": "1.5",
    "tracking-tight": "-0.014em",
    # Controls and rows.
    "control": "32px",
    "control-small": "26px",
    "control-large": "40px",
    "touch": "44px",
    "target": "24px",
    "icon-xs": "12px",
    "icon-s": "14px",
    "icon": "16px",
    "icon-l": "20px",
    "row": "40px",
    "row-compact": "32px",
    "avatar-s": "20px",
    "avatar": "24px",
    "avatar-l": "40px",
    # The shell.
    "sidebar": "240px",
    "sidebar-collapsed": "56px",
    "topbar": "48px",
    "content": "1200px",
    "auth": "380px",
    "dialog": "480px",
    "dialog-wide": "720px",
    "sheet": "480px",
    "menu-min": "184px",
    "menu-max": "320px",
    "popover": "280px",
    "picker": "360px",
    "palette": "600px",
    "toast": "380px",
    "prose": "68ch",
    "search": "260px",
    "label-column": "168px",
    "truncate": "clamp(110px, 17vw, 280px)",
    "cell-min": "96px",
    "cell-max": "clamp(160px, 20vw, 420px)",
    "chart": "160px",
    "histogram": "72px",
    "histogram-below": "32px",
    "sparkline-width": "104px",
    "sparkline": "32px",
    "print-margin": "12mm",
    # Motion.
    "fast": "90ms",
    "slow": "150ms",
    "patience": "150ms",
}
"""Everything that is not a colour."""

FONT_FACES: Final = {
    "inter-latin": (
        "U+0000-00FF, U+0131, U+0152-0153, U+02BB-02BC, U+02C6, U+02DA, U+02DC, U+0304, U+0308,"
        " U+0329, U+2000-206F, U+20AC, U+2122, U+2191, U+2193, U+2212, U+2215, U+FEFF, U+FFFD"
    ),
    "inter-latin-ext": (
        "U+0100-02BA, U+02BD-02C5, U+02C7-02CC, U+02CE-02D7, U+02DD-02FF, U+0304, U+0308, U+0329,"
        " U+1D00-1DBF, U+1E00-1E9F, U+1EF2-1EFF, U+2020, U+20A0-20AB, U+20AD-20C0, U+2113,"
        " U+2C60-2C7F, U+A720-A7FF"
    ),
}
"""Font file in `assets/fonts` by the characters it holds."""


def _properties(tokens: dict[str, str]) -> str:
    return "".join(f"  --{name}: {value};\n" for name, value in tokens.items())


def css() -> str:
    """Render the tokens as the style sheet that `assets/theme.css` holds."""
    faces = "".join(
        "@font-face {\n"
        '  font-family: "Inter Variable";\n'
        "  font-style: normal;\n"
        "  font-display: swap;\n"
        "  font-weight: 400 600;\n"
        f'  src: url("/fonts/{name}.woff2") format("woff2");\n'
        f"  unicode-range: {characters};\n"
        "}\n\n"
        for name, characters in FONT_FACES.items()
    )
    return (
        "/* Written by `python -m components.theme`; change components/theme.py instead. */\n\n"
        f"{faces}"
        f":root {{\n{_properties(SIZES)}}}\n\n"
        f":root,\n.light {{\n  color-scheme: light;\n{_properties(LIGHT)}}}\n\n"
        f".dark {{\n  color-scheme: dark;\n{_properties(DARK)}}}\n\n"
        "@media (prefers-reduced-motion: reduce) {\n"
        "  :root {\n    --fast: 0ms;\n    --slow: 0ms;\n  }\n}\n"
    )


if __name__ == "__main__":
    Path(__file__).parent.parent.joinpath("assets", "theme.css").write_text(css())
