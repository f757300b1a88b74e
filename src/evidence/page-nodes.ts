/**
 * A page in the form of rrweb's snapshots, which Vitest's trace viewer draws: a document, a doctype, elements and texts, each with
 * an id that is unique in its page (rrweb-snapshot 2, `NodeType`).
 */
export type PageNode =
  | { readonly type: 0; readonly childNodes: readonly PageNode[]; readonly id: number }
  | {
      readonly type: 1
      readonly name: string
      readonly publicId: string
      readonly systemId: string
      readonly id: number
    }
  | {
      readonly type: 2
      readonly tagName: string
      readonly attributes: Readonly<Record<string, string>>
      readonly childNodes: readonly PageNode[]
      readonly id: number
    }
  | { readonly type: 3; readonly textContent: string; readonly isStyle?: true; readonly id: number }

/** A part of a page without its id: an element or a text. */
export type Part =
  | string
  /** The text of a style sheet, inside of its element. */
  | { readonly style: string }
  | { readonly tag: string; readonly attributes: Readonly<Record<string, string>>; readonly parts: readonly Part[] }

/** Makes an element. */
export function element(tag: string, attributes: Readonly<Record<string, string>>, ...parts: readonly Part[]): Part {
  return { tag, attributes, parts }
}

/** Makes a page with a style sheet. */
export function pageOf(title: string, style: string, ...body: readonly Part[]): PageNode {
  let id = 0
  const nextId = () => ++id
  const toNode = (part: Part): PageNode => {
    if (typeof part === 'string') return { type: 3, textContent: part, id: nextId() }
    if ('style' in part) return { type: 3, textContent: part.style, isStyle: true, id: nextId() }
    return { type: 2, tagName: part.tag, attributes: part.attributes, childNodes: part.parts.map(toNode), id: nextId() }
  }
  const head = element('head', {}, element('title', {}, title), element('style', {}, { style }))
  const doctype: PageNode = { type: 1, name: 'html', publicId: '', systemId: '', id: nextId() }
  const html = toNode(element('html', { lang: 'en' }, head, element('body', {}, ...body)))
  return { type: 0, childNodes: [doctype, html], id: nextId() }
}
