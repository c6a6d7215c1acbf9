"""Key changes, document numbers, secure access modules, closed boxes"""

from alembic import op
import sqlalchemy as sa

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('attempts') as attempts:
        attempts.add_column(sa.Column('key_check', sa.String(length=32)))
        attempts.add_column(sa.Column('document', sa.String(length=64)))
        attempts.create_unique_constraint(op.f('uq_attempts_document'), ['document'])
    with op.batch_alter_table('boxes') as boxes:
        boxes.add_column(sa.Column('closed_at', sa.String(length=32)))
    op.create_table(
        'sams',
        sa.Column('sam', sa.String(length=16), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('holder', sa.String(length=64), nullable=False),
        sa.Column('state', sa.String(length=8), nullable=False),
        sa.Column('signers', sa.Integer(), nullable=False),
        sa.Column('valid_until', sa.String(length=10), nullable=False),
        sa.Column('issued_at', sa.String(length=32), nullable=False),
        sa.Column('revoked_at', sa.String(length=32)),
        sa.PrimaryKeyConstraint('sam', name=op.f('pk_sams')),
    )
