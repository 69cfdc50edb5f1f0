import { expect, it } from 'vitest';
import { endWords } from './end-advice.ts';

it('says what to do about a host that was never signed on to', () => {
  const key = endWords('web1 (10.0.0.7:22) presented the host key SHA256:a, but SHA256:b is registered: somebody may be in between. Nothing was sent to it');
  expect(key).toEqual({ neverBegan: true, message: expect.stringMatching(/Nothing was sent to it\. Do not go on .* ask the owner/) as string });
  expect(endWords('web1 (10.0.0.7:22) cannot be reached: connect ECONNREFUSED 10.0.0.7:22')).toMatchObject({ neverBegan: true, message: expect.stringMatching(/:22\. Check the network or VPN/) as string });
  expect(endWords('the store at https://store.example.com cannot be reached: timeout').message).toMatch(/check the network to the store/);
  expect(endWords('web1 (10.0.0.7:22) did not let us in within 20 seconds').message).toMatch(/Check the network/);
  expect(endWords('web1 (10.0.0.7:22) refused the registered credential of root').message).toMatch(/Tell the owner/);
});

it('leaves other ends as they are, and says what recordings need', () => {
  expect(['', 'the target closed the connection'].map(endWords)).toEqual(['', 'the target closed the connection'].map((message) => ({ message, neverBegan: false })));
  expect(endWords('the session cannot be recorded and ends: the disk is full')).toEqual({ neverBegan: false, message: 'the session cannot be recorded and ends: the disk is full. Nothing may run unrecorded: free disk space, or restore the connection to the store.' });
});
