import golden from "../golden/voices-dense.json" with { type: "json" };

/** The bundled model and what an independent float64 forward pass says of it. */
export const bundledModel = "examples/models/voices-dense";
export const goldenPrompts = golden.prompts;
