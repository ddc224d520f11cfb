// What the page that trains says of how long it takes, without a browser.
import { expect, test } from "vitest";
import { paceOfSteps } from "../../../site/train/run/pace.ts";
import { waitingWords } from "../../../site/train/run/waiting-words.ts";

test("the speed is that of this device's last steps, without those in which kernels are compiled", () => {
  const pace = paceOfSteps();
  expect(pace.take({ steps: 1, milliseconds: 9000 })).toBeUndefined();
  expect(pace.take({ steps: 1, milliseconds: 100 })).toBe(10);
  expect(pace.take({ steps: 3, milliseconds: 100 })).toBe(20);
  pace.rest(); // the same model goes on later
  expect(pace.take({ steps: 1, milliseconds: 200 })).toBe(5);
  for (let i = 0; i < 20; i++) pace.take({ steps: 1, milliseconds: 1000 });
  expect(pace.take({ steps: 1, milliseconds: 1000 })).toBe(1);
  pace.begin(); // another model
  expect(pace.take({ steps: 1, milliseconds: 9000 })).toBeUndefined();
});

test("before a first step the page says what is done, and of which step", () => {
  expect(waitingWords("model", 0, 600)).toBe("Step 0 of 600: making the model and its programs");
  expect(waitingWords("look", 12, 600)).toMatch(/^Step 12 of 600: compiling the views/);
  expect(waitingWords("step", 0, 2000)).toMatch(/^Step 0 of 2\u2009000: compiling the kernels of a step, /);
});
