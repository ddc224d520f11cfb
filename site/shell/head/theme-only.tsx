// The theme button of a page with a static header.
import { render } from "preact";
import { ThemeButton } from "./theme-button.tsx";

const place = document.querySelector("#theme");
if (place) render(<ThemeButton />, place);
