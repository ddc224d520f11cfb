// with: lib/step
// Positions that count up from each batch row's place in the step.

fn position(b: u32, t: u32) -> u32 {
  return step.rows[b].position + t;
}
