import type { MarkedToken, Token, Tokens } from "marked";
import type { ComponentChildren } from "preact";
import { CopyButton } from "../../shell/controls/copy-button.tsx";
import { type Formatted, safeAddress } from "./markdown.ts";

/** Formatted text, made of elements and text nodes: HTML in a model's text is shown, not interpreted. */
export function MarkdownBlocks({ blocks, rest }: Formatted) {
  return (
    <div class="formatted">
      {blocks.map(block)}
      {rest !== "" && <p class="open">{rest}</p>}
    </div>
  );
}

/** Headings of a reply stand below those of the page. */
const headings = ["h3", "h4", "h5", "h6", "h6", "h6"] as const;

function block(token: Token, key: number): ComponentChildren {
  const one = token as MarkedToken;
  switch (one.type) {
    case "space":
    case "def":
      return undefined;
    case "checkbox":
      return one.checked ? "☑ " : "☐ ";
    case "hr":
      return <hr key={key} />;
    case "code":
      return <Code key={key} text={one.text} />;
    case "heading": {
      const Heading = headings[one.depth - 1] ?? "h6";
      return <Heading key={key}>{inline(one.tokens)}</Heading>;
    }
    case "blockquote":
      return <blockquote key={key}>{one.tokens.map(block)}</blockquote>;
    case "list":
      return <List key={key} list={one} />;
    case "table":
      return <Table key={key} table={one} />;
    case "paragraph":
      return <p key={key}>{inline(one.tokens)}</p>;
    case "text":
      return <span key={key}>{one.tokens ? inline(one.tokens) : one.text}</span>;
    default:
      return <p key={key}>{token.raw}</p>;
  }
}

const inline = (tokens: readonly Token[]): ComponentChildren => tokens.map(span);

function span(token: Token, key: number): ComponentChildren {
  const one = token as MarkedToken;
  switch (one.type) {
    case "strong":
      return <strong key={key}>{inline(one.tokens)}</strong>;
    case "em":
      return <em key={key}>{inline(one.tokens)}</em>;
    case "del":
      return <s key={key}>{inline(one.tokens)}</s>;
    case "codespan":
      return <code key={key}>{one.text}</code>;
    case "br":
      return <br key={key} />;
    case "link":
    case "image":
      return <Link key={key} href={one.href} text={one.type === "image" ? one.text : inline(one.tokens)} />;
    case "escape":
      return one.text;
    case "text":
      return one.tokens ? inline(one.tokens) : one.text;
    default:
      return token.raw;
  }
}

/** A link, also in place of an image: nothing is fetched without the reader's request. */
function Link({ href, text }: { href: string; text: ComponentChildren }) {
  const address = safeAddress(href);
  if (address === undefined) return <span title={href}>{text}</span>;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer nofollow" title={address}>
      {text}
    </a>
  );
}

function Code({ text }: { text: string }) {
  return (
    <div class="code-block">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and is reached by the keyboard. */}
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
      <CopyButton what="Code" text={() => text}>
        Copy code
      </CopyButton>
    </div>
  );
}

function List({ list: { ordered, start, items } }: { list: Tokens.List }) {
  const rows = items.map((item, i) => <li key={i}>{item.tokens.map(block)}</li>);
  return ordered ? <ol start={start === "" ? 1 : start}>{rows}</ol> : <ul>{rows}</ul>;
}

function Table({ table: { header, rows, align } }: { table: Tokens.Table }) {
  const style = (column: number) => (align[column] ? { textAlign: align[column] } : {});
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and is reached by the keyboard.
    <div class="wide" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {header.map(({ tokens }, i) => (
              <th key={i} style={style(i)}>
                {inline(tokens)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, row) => (
            <tr key={row}>
              {cells.map(({ tokens }, i) => (
                <td key={i} style={style(i)}>
                  {inline(tokens)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
