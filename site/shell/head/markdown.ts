// Files of the repository as HTML, written when the site is built.
import { Marked } from "marked";

/** The fragment of a heading, as on a repository's page. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** The target of a README link on its page; undefined for files that are not on the site. */
export function addressOf(href: string): string | undefined {
  if (/^(https:|#|\.\/[\w-]+\.html$)/.test(href)) return href;
  const page = /^(?:\.\.\/)?site\/(\w+)$/.exec(href)?.[1];
  return page === undefined ? undefined : `../${page}/index.html`;
}

let frames = 0;
/** A scrolling frame that the keyboard can reach. */
const framed = (tag: "pre" | "div", name: string, content: string) =>
  `<${tag} class="frame" tabindex="0" role="region" aria-label="${name} ${++frames}">${content}</${tag}>\n`;

const marked = new Marked({
  renderer: {
    heading({ tokens, text, depth }) {
      return `<h${depth} id="${anchorOf(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
    },
    link({ href, tokens }) {
      const [address, words] = [addressOf(href), this.parser.parseInline(tokens)];
      return address === undefined
        ? `<span title="${escaped(href)} in the repository">${words}</span>`
        : `<a href="${address}">${words}</a>`;
    },
    code: ({ text }) => framed("pre", "Code", `<code>${escaped(text)}</code>`),
    table(token) {
      const cell = (tag: string, content: string) => `<${tag}>${content}</${tag}>`;
      const cells = (row: typeof token.header, tag: "th" | "td") =>
        `<tr>${row.map(({ text, tokens }) => cell(text === "" ? "td" : tag, this.parser.parseInline(tokens))).join("")}</tr>`;
      const head = token.header.some(({ text }) => text !== "") ? `<thead>${cells(token.header, "th")}</thead>` : "";
      const rows = token.rows.map((row) => cells(row, "td")).join("\n");
      return framed("div", "Table", `<table>${head}<tbody>${rows}</tbody></table>`);
    },
  },
});

/** A file of the repository as HTML: links lead to pages of this site or elsewhere, pictures to the site's `pictures`. */
export const markdownHtml = (text: string): string =>
  marked.parse(text.replace(/(src|srcset)="(?:docs\/)?pictures\//g, 'vite-ignore $1="../pictures/'), { async: false });
