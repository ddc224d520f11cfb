// What tests of proposed tokens have in common.

/** Proposes what a text repeats. */
export const lookup = { kind: "prompt-lookup" } as const;

/** A text that repeats, and ways to go on with it. */
export const said = "The sea was calm, and the captain said to the crew: the whale is there.";
export const prompt = `<|whale|>${said} the ship, the ship, the ship, the ship, the ship, the`;
export const drawn = { temperature: 0.1, topK: 40, topP: 0.98, minP: 0.01, seed: 3 };
export const penalised = { ...drawn, repetitionPenalty: 1.05, frequencyPenalty: 0.2, presencePenalty: 0.1 };
