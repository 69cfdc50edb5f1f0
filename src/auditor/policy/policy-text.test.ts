import { expect, it } from 'vitest';
import { utf8 } from '../../base/encoding.ts';
import { idOf, policyTexts, statementsOf } from './policy-text.ts';

const cedar = `// people; read
@id("read") // not @id("other")
@reason("a \\"quoted\\"; reason")
permit(principal, action == Action::"sql:read", resource);

@id("no-drop")
forbid(principal, action, resource) when { context.verb == "DROP; @id(\\"x\\")" };
// the end; of it
`;

it('the text of a policy is found by its id, whatever strings and comments say', () => {
  expect(statementsOf(cedar)).toHaveLength(2);
  const texts = policyTexts(new Map([['policies/a.cedar', utf8(cedar)], ['tests/b.yaml', utf8('@id("no");')]]));
  expect([...texts.keys()]).toEqual(['read', 'no-drop']);
  expect(texts.get('read')).toMatchObject({ file: 'policies/a.cedar', text: expect.stringMatching(/^\/\/ people; read\n@id\("read"\)[^]*resource\);$/) as unknown });
  expect(idOf('// @id("no")\npermit(principal, action, resource);')).toBeUndefined();
});
