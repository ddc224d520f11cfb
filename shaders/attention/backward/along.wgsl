// with: attention/backward/quads
// The sums of a tile's pairs along its diagonals, for attention/backward/flash-diagonals, which has them in
// `diagonals`.

const DIAGONALS = ROWS + KEYS;    // of a tile, and one past the last
const OWN = DIAGONALS / THREADS;  // of a thread
const_assert DIAGONALS % THREADS == 0;

// Adds a tile's pairs to the sums of their diagonals. Its first diagonal has the number `lowest` - DIAGONALS, which is
// below 0 where the block has rows past the last.
fn add_diagonals(first_sum: u32, count: u32, lowest: u32, thread: u32, pairs: Pairs) {
  var own: array<f32, OWN>;
  let first_own = (thread + THREADS - lowest % THREADS) % THREADS;  // counted in the tile
  for (var first = 0u; first < KEYS; first += DEPTH) {
    workgroupBarrier();  // the previous contents have been read
    place_factors(0, first, thread, pairs);
    workgroupBarrier();
    for (var n = 0u; n < OWN; n++) {
      let diagonal = first_own + n * THREADS;
      for (var i = 0u; i < DEPTH; i++) {
        let at = first + i + ROWS - 1;  // the diagonal of this key and the block's first row
        if (at < diagonal || at - diagonal >= ROWS) { continue; }
        let row = at - diagonal;
        let rows = left[left_place(i, row / 4)];
        own[n] += rows[row % 4];
      }
    }
  }
  for (var n = 0u; n < OWN; n++) {
    let i = lowest + first_own + n * THREADS;
    if (i >= DIAGONALS && i - DIAGONALS < count) { diagonals[first_sum + i - DIAGONALS] += own[n]; }
  }
}
