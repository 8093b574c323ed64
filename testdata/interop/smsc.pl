# A message center on Perl's Net::SMPP, which is strict, for the tests of the SMPP client: one connection at a time. It says
# "listening PORT", then a line for every message that it was given. Receipts speak in parameters as well as in text, or with
# a second argument in text alone, their ids hex in the answer and decimal in the receipt or the other way round. "too fast"
# is throttled, "cut" ends the connection without an answer.
#
#   perl smsc.pl PASSWORD [resp_hex | resp_dec]
use strict;
use warnings;
use IO::Handle;
use Net::SMPP;

my ($password, $ids) = @ARGV;
$ids //= 'same';
STDOUT->autoflush(1);
my $server = Net::SMPP->new_listen('127.0.0.1', port => 0, smpp_version => 0x34, interface_version => 0x34) or die "listen: $!";
print 'listening ', $server->sockport, "\n";
my $id = 1000000;

while (my $peer = $server->accept) {
    while (my $pdu = $peer->read_pdu) {
        my $seq = $pdu->{seq};
        if ($pdu->{cmd} == Net::SMPP::CMD_bind_transceiver) {
            my $ok = $pdu->{password} eq $password;
            $peer->bind_transceiver_resp(system_id => 'perl', seq => $seq, status => $ok ? 0 : 0x0e);
            last unless $ok;
        }
        elsif ($pdu->{cmd} == Net::SMPP::CMD_submit_sm) {
            my $text = $pdu->{short_message};
            printf "%s|%s|%d|%d|%s\n", $pdu->{source_addr}, $pdu->{destination_addr}, $pdu->{data_coding}, $pdu->{esm_class}, unpack('H*', $text);
            last if $text eq 'cut';
            if ($text eq 'too fast') {
                $peer->submit_sm_resp(message_id => '', seq => $seq, status => 0x58);
                next;
            }
            $id++;
            my ($answer, $receipt) = $ids eq 'resp_hex' ? (sprintf('%x', $id), $id) : $ids eq 'resp_dec' ? ($id, sprintf('%x', $id)) : ("perl-$id", "perl-$id");
            $peer->submit_sm_resp(message_id => $answer, seq => $seq);
            my %receipt = (
                async => 1, source_addr => $pdu->{destination_addr}, source_addr_ton => 1, destination_addr => $pdu->{source_addr}, esm_class => 4,
                short_message => "id:$receipt sub:001 dlvrd:000 submit date:2603011200 done date:2603011201 stat:UNDELIV err:000 text:",
            );
            %receipt = (%receipt, receipted_message_id => $answer, message_state => pack('C', 5), network_error_code => pack('Cn', 3, 11))
                if $ids eq 'same';
            $peer->deliver_sm(%receipt);
        }
        elsif ($pdu->{cmd} == Net::SMPP::CMD_enquire_link) { $peer->enquire_link_resp(seq => $seq) }
        elsif ($pdu->{cmd} == Net::SMPP::CMD_unbind)       { $peer->unbind_resp(seq => $seq); last }
    }
    close $peer;
}
