package sim

// luck is a message's random numbers: a pure function of a seed and of what the message is called. Every question has
// a number of its own, so that one answer never shifts the next: when a phase makes a carrier worse, the messages that
// suffer are the unluckiest ones, the same in every run and in whatever order they come (common random numbers).
type luck uint64

// question names what a random number is for. The order is part of every scenario's meaning: append only.
type question uint64

const (
	qAccept question = iota + 1
	qRefusal
	qLatency
	qLostAnswer
	qDeliver
	qFailure
	qSilent
	qDelivery
	qReceiptDelay
	qLostReceipt
	qLate
	qLateBy
	qEarly
	qDuplicate
	qDuplicateAfter
	qForged
	qBadSignature
	qUnordered
	qDead
	qHandsetOff
	qHandsetOffFor
	qReply
	qReplyDelay
)

// luckOf hashes a seed and names with FNV-1a, finished by mix: fast, and the same on every machine and in every run,
// which maphash is not.
func luckOf(seed uint64, names ...string) luck {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset) ^ mix(seed)
	for _, s := range names {
		for i := 0; i < len(s); i++ {
			h = (h ^ uint64(s[i])) * prime
		}
		h = (h ^ 0xff) * prime // "ab","c" is not "a","bc"
	}
	return luck(mix(h))
}

// draw is the uniform number of [0, 1) that answers q.
func (l luck) draw(q question) float64 {
	return float64(mix(uint64(l)+uint64(q)*0x9e3779b97f4a7c15)>>11) / (1 << 53)
}

// mix is the finisher of SplitMix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// textHash names a text in the truth log without repeating it.
func textHash(s string) uint64 { return uint64(luckOf(0, s)) }
