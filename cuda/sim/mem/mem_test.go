package mem

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAllocations(t *testing.T) {
	m := New(1<<20, 7)
	bases := map[uint64]int64{}
	for i := int64(1); i <= 50; i++ {
		addr, err := m.Alloc(i * 100)
		require.NoError(t, err)
		assert.Zero(t, addr%Align)
		for b, n := range bases {
			assert.True(t, addr >= b+uint64(n)+minGap || b >= addr+uint64(i*100)+minGap, "%#x is near %#x", addr, b)
		}
		bases[addr] = i * 100
	}
	used := int64(0)
	for addr, n := range bases {
		used += (n + Align - 1) / Align * Align
		a := m.Find(addr + uint64(n) - 1)
		require.NotNil(t, a)
		assert.Equal(t, addr, a.Base)
		assert.Nil(t, m.Find(addr+uint64(n)))
		assert.Nil(t, m.Find(addr-1))
		assert.True(t, a.Contains(addr, int(n)))
		assert.False(t, a.Contains(addr+1, int(n)))
		assert.False(t, a.Contains(addr-1, 1))
	}
	assert.Equal(t, used, m.Used())
	_, err := m.Alloc(m.Capacity() - used + 1)
	require.ErrorIs(t, err, ErrOutOfMemory)
	_, err = m.Alloc(0)
	require.Error(t, err)
	for addr := range bases {
		require.NoError(t, m.Free(addr))
		require.ErrorIs(t, m.Free(addr), ErrNotAllocated)
		assert.True(t, m.Freed(addr))
	}
	assert.Zero(t, m.Used())
}

// TestSeeds has bases that differ from seed to seed and are the same for one.
func TestSeeds(t *testing.T) {
	base := func(seed uint64) uint64 {
		addr, err := New(1<<20, seed).Alloc(64)
		require.NoError(t, err)
		return addr
	}
	assert.Equal(t, base(1), base(1))
	assert.NotEqual(t, base(1), base(2))
}

// TestQuarantine frees and allocates: no address comes back.
func TestQuarantine(t *testing.T) {
	m := New(1<<11, 1)
	seen := map[uint64]bool{}
	for range 1000 {
		addr, err := m.Alloc(1 << 10)
		require.NoError(t, err)
		require.False(t, seen[addr])
		seen[addr] = true
		require.NoError(t, m.Free(addr))
	}
}

// TestWrapAround uses up the address space, so that it has to be walked anew around what lives.
func TestWrapAround(t *testing.T) {
	m := New(1<<62, 1)
	m.next = Highest - 1<<30
	kept, err := m.Alloc(100)
	require.NoError(t, err)
	m.next = Highest - minGap
	addr, err := m.Alloc(100)
	require.NoError(t, err)
	assert.Less(t, addr, uint64(Lowest+1<<41))
	m.next = kept - Align - minGap
	for range 5 {
		addr, err = m.Alloc(4096)
		require.NoError(t, err)
		assert.False(t, addr < kept+100+minGap && kept < addr+4096+minGap, "%#x over %#x", addr, kept)
	}
}

func TestCopies(t *testing.T) {
	m := New(1<<20, 1)
	a, err := m.Alloc(16)
	require.NoError(t, err)
	b, err := m.Alloc(16)
	require.NoError(t, err)
	require.NoError(t, m.Write(a+4, []byte{1, 2, 3, 4}))
	at, uninit := m.FirstUninit(a, 16)
	assert.True(t, uninit)
	assert.Equal(t, a, at)
	at, _ = m.FirstUninit(a+4, 12)
	assert.Equal(t, a+8, at)
	_, uninit = m.FirstUninit(a+4, 4)
	assert.False(t, uninit)

	require.NoError(t, m.Fill(b, 0x04030201, 4))
	_, uninit = m.FirstUninit(b, 16)
	assert.False(t, uninit)
	assert.True(t, m.Find(b).Whole())
	require.NoError(t, m.Copy(b, a, 8)) // half of it is not initialised
	at, uninit = m.FirstUninit(b, 16)
	assert.True(t, uninit)
	assert.Equal(t, b, at)
	at, uninit = m.FirstUninit(b+4, 12)
	assert.False(t, uninit, "%#x", at)
	got := make([]byte, 16)
	require.NoError(t, m.Read(got, b))
	assert.Equal(t, []byte{0xCD, 0xCD, 0xCD, 0xCD, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4}, got)
	require.NoError(t, m.Copy(b+1, b, 15)) // over itself
	require.NoError(t, m.Read(got, b))
	assert.Equal(t, []byte{0xCD, 0xCD, 0xCD, 0xCD, 0xCD, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3}, got)
}

func TestFaults(t *testing.T) {
	m := New(1<<20, 1)
	a, err := m.Alloc(1000)
	require.NoError(t, err)
	v, err := m.AllocNamed("table", 64, 4096)
	require.NoError(t, err)
	assert.Zero(t, v.Base%4096)
	for _, c := range []struct {
		err  error
		want string
	}{
		{m.Write(a+999, []byte{1, 2}), "write of 2 bytes at"},
		{m.Read(make([]byte, 1), a-1), "1 bytes before allocation #1 (1000 bytes at"},
		{m.Fill(a, 0, 251), "starts at byte 0 of allocation #1"},
		{m.Copy(a, 0, 4), "the zero page"},
		{m.Copy(a, a, -1), "copy from of -1 bytes"},
		{m.Copy(1<<60, a, 1), "no device address"},
		{m.Read(make([]byte, 8), v.Base+64), "byte 0 past the end of variable table (64 bytes at"},
		{m.Free(a + 8), "byte 8 of allocation #1"},
	} {
		require.ErrorContains(t, c.err, c.want)
	}
	require.NoError(t, m.Free(a))
	err = m.Read(make([]byte, 8), a+8)
	require.ErrorContains(t, err, "byte 8 of freed allocation #1")
	var fault *Fault
	require.ErrorAs(t, err, &fault)
	assert.True(t, fault.Freed)
	require.NoError(t, m.Read(nil, 0))
	require.NoError(t, m.Copy(0, 0, 0))
}
