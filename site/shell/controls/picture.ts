import { download } from "../status.ts";

/** Saves a drawing as a self-contained file, in the light theme of papers and issues. */
export async function savePicture(
  draw: (element: HTMLElement) => Element,
  name: string,
  form: "svg" | "png",
): Promise<void> {
  const place = document.createElement("div");
  place.style.cssText = "color-scheme: light; position: absolute; left: -9999px";
  document.body.append(place);
  try {
    const drawn = draw(place);
    const chart = drawn instanceof SVGSVGElement ? drawn : drawn.querySelector("svg");
    if (!chart) return;
    const [width, height] = [Number(chart.getAttribute("width")), Number(chart.getAttribute("height"))];
    chart.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    chart.style.background = "#fff";
    chart.style.fontFamily = "sans-serif";
    const text = new XMLSerializer().serializeToString(chart);
    if (form === "svg") return download(`${name}.svg`, text, "image/svg+xml");
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * height });
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done));
    if (blob) download(`${name}.png`, blob);
  } finally {
    place.remove();
  }
}
