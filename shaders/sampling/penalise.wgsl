// with: sampling/settings, lib/grid
// Logits of tokens seen before, lowered:  y = (l > 0 ? l / repetition : l · repetition) − presence − frequency · times
//
// One thread an element. Repetition applies to tokens of the prompt (bit 31 of counts) and those generated (bits 0 to
// 30: how many times), presence and frequency only to the generated ones; tokens not seen stay as they are. Every batch
// row has its settings. Requests 2·b·v reads and b·v writes.

const WORKGROUP: u32 = 256;

struct Params { b: u32, v: u32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;         // [b, v]
@group(0) @binding(1) var<storage, read> counts: array<u32>;         // [b, v]
@group(0) @binding(2) var<storage, read> settings: array<Settings>;  // [64, 8]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;        // [b, v]
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.b * params.v) { return; }
  let own_settings = settings[i / params.v];
  let count = counts[i];
  let generated = count & 0x7fffffff;

  var logit = logits[i];
  if (count != 0) {
    if (logit > 0) { logit /= own_settings.repetition; } else { logit *= own_settings.repetition; }
  }
  if (generated > 0) { logit -= own_settings.presence + own_settings.frequency * f32(generated); }
  y[i] = logit;
}
