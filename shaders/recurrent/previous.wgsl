// with: recurrent/lengths/all, lib/grid
// The state before each token, for gradients:  previous[row, position] = out at the position before it, or start
//
// One thread an element. In reverse the position before is the next one, and the start comes before a row's last token.
// Past the end of a row it is 0. Requests one read and one write for each element.

const WORKGROUP: u32 = 64;

struct Params { b: u32, t: u32, h: u32, reverse: u32 }

@group(0) @binding(0) var<storage, read> out: array<f32>;              // [b, t, h]
@group(0) @binding(1) var<storage, read> start: array<f32>;            // [b, h]
@group(0) @binding(2) var<storage, read_write> previous: array<f32>;  // [b, t, h]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let at = linear_workgroup(grid) * WORKGROUP + thread;
  if (at >= params.b * params.t * params.h) { return; }
  let unit = at % params.h;
  let position = at / params.h % params.t;
  let row = at / (params.h * params.t);
  let length = row_length(row);
  let first = select(0, length - 1, params.reverse != 0);
  var value = 0.0;
  if (position < length) {
    if (position == first) {
      value = start[row * params.h + unit];
    } else {
      value = out[select(at - params.h, at + params.h, params.reverse != 0)];
    }
  }
  previous[at] = value;
}
