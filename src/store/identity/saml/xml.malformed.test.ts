import { describe, expect, it } from 'vitest';
import { everyElement, readXml } from './xml.ts';

describe('XML of strangers', () => {
  it('is read with namespaces, whatever the prefixes', () => {
    const root = readXml('<?xml version="1.0"?>\n<a:r xmlns:a="urn:1" ID="x"><b xmlns="urn:2">t&amp;u</b></a:r>');
    expect([...everyElement(root)].map((e) => `${e.ns} ${e.name} ${e.text}`)).toEqual(['urn:1 r ', 'urn:2 b t&u']);
    expect(root.attributes.get('ID')).toBe('x');
  });

  it.each([
    ['a document type', '<!DOCTYPE a><a/>'],
    ['a document type in small letters', '<!doctype a><a/>'],
    ['an internal entity', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
    ['a comment', '<a><!-- x --></a>'],
    ['an empty comment', '<a><!----></a>'],
    ['a CDATA section', '<a><![CDATA[x]]></a>'],
    ['another declaration', '<a><!ELEMENT a></a>'],
    ['an instruction', '<a><?php x ?></a>'],
    ['an instruction at the start', '<?php x ?><a/>'],
    ['an entity of HTML', '<a>&nbsp;</a>'],
    ['an entity that is none', '<a>&x;</a>'],
    ['two roots', '<a/><b/>'],
    ['text around the root', 'x<a/>'],
    ['no root', '   '],
    ['nothing', ''],
    ['an open element', '<a><b></a>'],
    ['an attribute twice', '<a x="1" x="2"/>'],
    ['a prefix of nothing', '<p:a/>'],
    ['elements too deep', `${'<a>'.repeat(100)}${'</a>'.repeat(100)}`],
    ['too many elements', `<a>${'<b/>'.repeat(6_000)}</a>`],
    ['an unescaped < in an attribute', '<a x="<"/>'],
  ])('is refused with %s', (_name, xml) => {
    expect(() => readXml(xml)).toThrow(/XML/);
  });
});
