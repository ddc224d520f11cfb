// with: attention/masks/causal, lib/extent/fixed
// What a mask leaves of each tile of ROWS queries by KEYS keys:  EMPTY, PARTIAL or FULL  (FlexAttention's block mask)
//
// One workgroup per tile. Where the mask's range of keys or tile_full does not decide it, the threads call the mask
// for every pair and the first thread combines their answers. A tile that ends after the last key is never full. Heads
// have a map each where the mask differs between them, else one for all. Up to ROWS·KEYS calls of the mask and one
// write a tile.

const WORKGROUP: u32 = 64;
const ROWS: u32 = 64;
const KEYS: u32 = 64;

const EMPTY: u32 = 0;
const PARTIAL: u32 = 1;
const FULL: u32 = 2;

struct Params { maps: u32, t: u32, blocks: u32, tiles: u32, start: i32, length: u32 }

@group(0) @binding(0) var<storage, read_write> classes: array<u32>;  // [b, maps, blocks, tiles]
@group(0) @binding(1) var<uniform> params: Params;

var<workgroup> answers: array<u32, WORKGROUP>;  // of each thread: 1 for a pair that is seen, 2 for one that is not

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let tile = workgroup.x;
  let block = workgroup.y;
  let b = workgroup.z / params.maps;
  let h = workgroup.z % params.maps;
  let rows = min(ROWS, params.t - block * ROWS);
  let first_position = first_query(b) + block * ROWS;
  let last_position = first_position + rows - 1;
  let first_key = tile * KEYS;
  let end = key_count(b);
  let range = key_range(b, first_position, last_position, end);

  var own = 0u;
  if (first_key >= range.y || first_key + KEYS <= range.x) {
    own = 2;
  } else if (first_key + KEYS <= end && tile_full(b, first_position, last_position, first_key, first_key + KEYS - 1)) {
    own = 1;
  } else {
    for (var i = thread; i < rows * KEYS; i += WORKGROUP) {
      let key = first_key + i % KEYS;
      let seen = key < end && mask_mod(b, h, first_position + i / KEYS, key);
      own |= select(2u, 1u, seen);
    }
  }
  answers[thread] = own;
  workgroupBarrier();
  if (thread == 0) {
    var union_of_answers = 0u;
    for (var i = 0u; i < WORKGROUP; i++) { union_of_answers |= answers[i]; }
    let class_of_tile = select(select(PARTIAL, FULL, union_of_answers == 1), EMPTY, union_of_answers == 2);
    classes[(workgroup.z * params.blocks + block) * params.tiles + tile] = class_of_tile;
  }
}
