import { render } from "preact";
import { Show } from "./show.tsx";

const place = document.querySelector("#show");
if (place) {
  place.replaceChildren();
  render(<Show />, place);
}
