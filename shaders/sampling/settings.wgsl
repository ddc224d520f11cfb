// How one batch row is sampled: a row of the settings tensor.

struct Settings {
  temperature: f32,  // divides the logits; 0: the largest logit
  top_k: f32,        // 0: off
  top_p: f32,        // 1: off
  min_p: f32,        // 0: off
  repetition: f32,   // 1: off
  presence: f32,     // 0: off
  frequency: f32,    // 0: off
  reserved: f32,
}
