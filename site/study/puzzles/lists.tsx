import { chooseKernel, study } from "../state.ts";
import { card, load, loaded, loadFailure, nameOf, openCard, solved } from "./state.ts";

const opened = ({ currentTarget }: { readonly currentTarget: HTMLDetailsElement }) => {
  if (currentTarget.open) void load();
};

/** The puzzles, and kernels with a mistake to spot. */
export function PuzzleLists() {
  const { puzzles = [], cards = [] } = loaded.value ?? {};
  return (
    <>
      <details onToggle={opened} id="puzzles">
        <summary>Puzzles{solved.value.size > 0 && `, ${solved.value.size} solved`}</summary>
        <Waiting />
        <ol class="rungs">
          {puzzles.map((puzzle) => (
            <li key={puzzle.number}>
              <button
                type="button"
                class="kernel-name"
                aria-current={nameOf(puzzle) === study.value.kernel ? "true" : undefined}
                onClick={() => chooseKernel(nameOf(puzzle))}
              >
                {puzzle.number}. {puzzle.title}
                {solved.value.has(nameOf(puzzle)) && " ✓ solved"}
              </button>
            </li>
          ))}
        </ol>
      </details>
      <details onToggle={opened} id="cards">
        <summary>Spot the bug</summary>
        <Waiting />
        <ol class="rungs">
          {cards.map((one, i) => (
            <li key={one.to}>
              <button
                type="button"
                class="kernel-name"
                aria-current={card.value?.card === one ? "true" : undefined}
                onClick={() => openCard(one)}
              >
                {i + 1}. {one.kernel}
              </button>
              <span class="small muted"> wrong {one.shows}</span>
            </li>
          ))}
        </ol>
      </details>
    </>
  );
}

function Waiting() {
  if (loadFailure.value !== undefined) return <p class="problem small">{loadFailure.value}</p>;
  return loaded.value ? null : <p class="small muted">fetching…</p>;
}
