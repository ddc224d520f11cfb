// One sequence of a batch in the step.

struct Row {
  position: u32,  // of the first token that this run computes
  tokens: u32,    // how many tokens this run computes: 0 once the row has finished
  token: u32,     // the token sampled last: the input of a decode step
  seed: u32,
}
