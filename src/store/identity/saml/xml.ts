/**
 * A tree of an XML document, for checking its shape. Whatever a SAML message has no use for and attackers do (document
 * types, entities, comments, CDATA, processing instructions) is refused while reading: nothing of it is ever resolved.
 */
import sax, { type QualifiedTag, type SAXOptions } from 'sax';
import { MalformedError } from '../../../base/errors.ts';

export interface XmlElement {
  /** Name without prefix. */
  readonly name: string;
  /** Namespace URI. */
  readonly ns: string;
  /** Attributes without a namespace, by name. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The character data directly in it. */
  readonly text: string;
}

const MAX_DEPTH = 40;
const MAX_ELEMENTS = 5_000;

interface Growing {
  readonly name: string;
  readonly ns: string;
  readonly attributes: Map<string, string>;
  readonly children: Growing[];
  text: string;
}

const refuse = (what: string): never => {
  throw new MalformedError('malformed.value', `the XML holds ${what}`);
};

/**
 * An unescaped `<` is markup wherever it stands, so the text alone shows what is in it. The reader is no judge of this:
 * it passes over a comment that is empty.
 */
function refuseMarkup(xml: string): void {
  const declaration = /<!(--|\[CDATA\[|DOCTYPE)?/i.exec(xml);
  if (declaration !== null) refuse({ '--': 'a comment', '[CDATA[': 'a CDATA section', DOCTYPE: 'a document type' }[declaration[1]?.toUpperCase() ?? ''] ?? 'a declaration');
  const instruction = xml.indexOf('<?', 1);
  if (instruction !== -1 || (xml.startsWith('<?') && !/^<\?xml[ \n]/.test(xml))) refuse('a processing instruction');
}

/** @throws MalformedError when it is not well-formed, too large, or holds what no SAML message needs */
export function readXml(xml: string): XmlElement {
  refuseMarkup(xml);
  // Only the five entities of XML; the library's types do not know the option.
  const options: SAXOptions & { readonly strictEntities: true } = { xmlns: true, strictEntities: true };
  const parser = sax.parser(true, options);
  const open: Growing[] = [];
  let root: Growing | undefined;
  let count = 0;
  parser.onerror = (error) => {
    throw new MalformedError('malformed.value', `not well-formed XML: ${error.message.split('\n')[0] ?? ''}`);
  };
  let attributes = 0;
  parser.onattribute = ({ value }) => {
    attributes++;
    if (value.includes('<')) refuse('a < in an attribute, which readers read differently');
  };
  parser.onopentag = (tag) => {
    // Readers differ about which one counts.
    if (attributes !== Object.keys(tag.attributes).length) refuse('an attribute twice');
    attributes = 0;
    if (++count > MAX_ELEMENTS || open.length >= MAX_DEPTH) refuse('too many elements');
    const element = elementOf(tag as QualifiedTag);
    const parent = open.at(-1);
    if (parent !== undefined) parent.children.push(element);
    else if (root === undefined) root = element;
    else refuse('two roots');
    open.push(element);
  };
  parser.onclosetag = () => void open.pop();
  parser.ontext = (text) => {
    const element = open.at(-1);
    if (element !== undefined) element.text += text;
  };
  parser.write(xml).close();
  return root ?? refuse('nothing');
}

function elementOf(tag: QualifiedTag): Growing {
  const attributes = new Map<string, string>();
  for (const a of Object.values(tag.attributes)) {
    if (a.prefix === '' && a.name !== 'xmlns') attributes.set(a.local, a.value);
  }
  return { name: tag.local, ns: tag.uri, attributes, children: [], text: '' };
}

/** The element and all below it, in document order. */
export function* everyElement(root: XmlElement): Generator<XmlElement> {
  yield root;
  for (const child of root.children) yield* everyElement(child);
}

export const childrenOf = (e: XmlElement, ns: string, name: string): XmlElement[] => e.children.filter((c) => c.ns === ns && c.name === name);

/** The only child of that name. @throws MalformedError when there is none or more than one */
export function onlyChild(e: XmlElement, ns: string, name: string): XmlElement {
  const found = childrenOf(e, ns, name);
  const [first] = found;
  if (first === undefined || found.length !== 1) throw new MalformedError('malformed.value', `${e.name} must hold exactly one ${name}, not ${found.length}`);
  return first;
}
