/** The auditor's pages show each person what the store would answer them, and nothing else. */
import { expect, it } from 'vitest';
import { pageActions, pageRoles } from '../../../auditor/shell/page-roles.ts';
import { storeRoles } from '../../../contract/store/index.ts';
import { makeAuthorizer } from './authorizer.ts';
import { STORE_POLICIES } from './policies.ts';

const authorizer = makeAuthorizer('pages', STORE_POLICIES);

it.each(Object.keys(pageRoles) as (keyof typeof pageRoles)[])('%s is shown to those whom the store answers', (page) => {
  const { action, all } = pageActions[page];
  const allowed = storeRoles.filter((r) => authorizer.allows(['anybody', 'signed_in', r], action, all ? { own: false } : undefined));
  expect([...pageRoles[page]].sort()).toEqual([...allowed].sort());
});
