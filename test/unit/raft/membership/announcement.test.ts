import assert from 'node:assert/strict';
import {
  type Announcement,
  decodeAnnouncement,
  encodeAnnouncement,
} from '../../../../internal/raft/membership/announcement.ts';

const ANNOUNCEMENT: Announcement = {
  address: '[::1]:10008',
  labels: { zone: 'z1' },
  list: ['10.0.0.1:10008', '[::1]:10008'],
  dropped: ['10.0.0.2:10008'],
  leaving: true,
};

describe('what a member says of itself', () => {
  it('comes out as it went in', () => {
    assert.deepEqual(decodeAnnouncement(encodeAnnouncement(ANNOUNCEMENT)), ANNOUNCEMENT);
  });

  for (const address of ['', 'nowhere', 'a:b:c', 'HOST:1', '10.0.0.1:0'])
    it(`is refused with "${address}" for its address: everybody would have to dial it`, () => {
      const bytes = encodeAnnouncement({ ...ANNOUNCEMENT, address });
      assert.throws(() => decodeAnnouncement(bytes), {
        name: 'WireFault',
        kind: 'malformed',
        message: /is no address/,
      });
    });

  it('is refused when it is cut, or of another layout', () => {
    const bytes = encodeAnnouncement(ANNOUNCEMENT);
    assert.throws(() => decodeAnnouncement(bytes.subarray(0, bytes.length - 1)), { kind: 'malformed' });
    assert.throws(() => decodeAnnouncement(Buffer.concat([Buffer.of(2), bytes.subarray(1)])), /layout 2 is not known/);
  });
});
