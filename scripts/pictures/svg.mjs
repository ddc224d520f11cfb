// SVG as text, in the two palettes of the site.
export const palettes = {
  light: {
    paper: "#ffffff",
    text: "#1b1e23",
    muted: "#5a6270",
    line: "#d5d9e0",
    empty: "#eef0f3",
    series: ["#2a6be6", "#e9712f", "#07592d", "#b61e8d", "#3f1354"],
  },
  dark: {
    paper: "#14161a",
    text: "#e6e8ec",
    muted: "#9aa3b2",
    line: "#353b46",
    empty: "#22262d",
    series: ["#5578e8", "#ed9729", "#8affd7", "#c73476", "#bbaefe"],
  },
};

/** An element; undefined attributes are omitted. */
export function element(name, attributes, ...children) {
  const written = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const text = written.map(([key, value]) => ` ${key}="${typeof value === "number" ? round(value) : escaped(value)}"`);
  const inside = children.flat();
  return inside.length > 0 ? `<${name}${text.join("")}>${inside.join("")}</${name}>` : `<${name}${text.join("")}/>`;
}

export const rect = (x, y, width, height, fill, more = {}) => element("rect", { x, y, width, height, fill, ...more });
export const line = (x1, y1, x2, y2, stroke, more = {}) => element("line", { x1, y1, x2, y2, stroke, ...more });

/** Text; `anchor` is start, middle or end. */
export const label = (x, y, words, fill, { size = 13, anchor = "start", weight, rotate } = {}) =>
  element(
    "text",
    {
      x,
      y,
      fill,
      "font-size": size,
      "text-anchor": anchor,
      "font-weight": weight,
      transform: rotate === undefined ? undefined : `rotate(${rotate} ${round(x)} ${round(y)})`,
    },
    escaped(words),
  );

/** A whole picture with a description for those who cannot see it. */
export function picture(width, height, palette, description, ...children) {
  return `${element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: "img",
      "font-family": "system-ui, -apple-system, 'Segoe UI', sans-serif",
    },
    element("title", {}, escaped(description)),
    rect(0, 0, width, height, palette.paper),
    ...children,
  )}\n`;
}

const round = (value) => String(Math.round(value * 100) / 100);
const escaped = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
