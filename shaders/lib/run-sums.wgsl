// Sums over a row by a whole subgroup, with the same bits for every size up to RUNS: the row's Vectors are in RUNS
// sums, of which Vectors r, r + RUNS, … are the r-th, and these are added up in order. A thread has every SUBGROUP-th
// of them, and so every SUBGROUP-th Vector.

const SUBGROUP: u32 = 8;  // threads
const RUNS: u32 = 16;
const OWN_RUNS: u32 = RUNS / SUBGROUP;
const_assert RUNS % SUBGROUP == 0;

// The sum of a row from what each thread has of it. All threads call it.
fn sum_of_runs(own: array<f32, OWN_RUNS>) -> f32 {
  var sum = 0.0;
  for (var r = 0u; r < RUNS; r++) { sum += subgroupShuffle(own[r / SUBGROUP], r % SUBGROUP); }
  return sum;
}
