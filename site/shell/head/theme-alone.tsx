// The theme button of a page whose header stands in its HTML.
import { render } from "preact";
import { ThemeButton } from "./theme-button.tsx";

const place = document.querySelector("#theme");
if (place) render(<ThemeButton />, place);
